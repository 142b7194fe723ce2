"""Golden questions are judged against live; before anything is live, against what may become it."""

import pytest

from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet, Judgement
from kbgate.golden_documents import SOURCE, documents_to_judge, newest_version, searched_version
from small_kb import KB, SmallKb, doc_id

ASKED = GoldenSet("", (), (Judgement("q", doc_id(5), 1), Judgement("q", "gone", 1)))


def test_only_judged_documents_of_live_are_read(live_kb: SmallKb) -> None:
    live_kb.change(5)
    live_kb.write_documents()
    origin, (document,) = documents_to_judge(live_kb.reader(), ASKED)
    assert (origin, document.doc_id) == ("v1.0.0", doc_id(5))
    assert "front desk" not in document.text, "of the source it would be the changed one"


def test_before_anything_was_built_the_source_is_read_and_its_bad_rows_are_passed_over(small_kb: SmallKb) -> None:
    small_kb.batch.write_text(small_kb.batch.read_text() + "no JSON\n")
    assert newest_version(small_kb.reader()) is None
    origin, (document,) = documents_to_judge(small_kb.reader(), ASKED)
    assert (origin, document.text) == (SOURCE, small_kb.documents[5]["text"])


def test_while_nothing_is_live_the_newest_held_version_counts(small_kb: SmallKb) -> None:
    small_kb.configure(recall={"min_queries": 500})
    assert small_kb.run("first").outcome == "hold"
    small_kb.change(5)
    assert small_kb.run("second").outcome == "hold"
    newest = newest_version(small_kb.reader())
    assert small_kb.live is None
    assert newest == small_kb.reader().registry.versions(KB)[-1].version
    origin, (document,) = documents_to_judge(small_kb.reader(), ASKED)
    assert (origin, "front desk" in document.text) == (newest, True)


def test_a_newer_candidate_does_not_count_beside_live(live_kb: SmallKb) -> None:
    live_kb.change(5)
    assert live_kb.run("second", promote=False).outcome == "built"
    assert newest_version(live_kb.reader()) == searched_version(live_kb.reader()) == "v1.0.0"


def test_users_find_nothing_before_the_first_ingest_and_the_command_to_run_is_named(small_kb: SmallKb) -> None:
    with pytest.raises(UsageError, match=f"Run: kbgate ingest --kb {KB}"):
        searched_version(small_kb.reader())
