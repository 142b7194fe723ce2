import pandas as pd
import pytest

from kbgate.quality.corpus_changes import measure_corpus_changes, measure_unknown_deletions, resulting_corpus
from kbgate.results import Verdict
from kbgate.sections.quality import QualitySettings

SETTINGS = QualitySettings(max_lost_share=0.15, max_added_share=0.5)


def rows(**n_tokens: int) -> pd.DataFrame:
    return pd.DataFrame({"doc_id": list(n_tokens), "n_tokens": list(n_tokens.values())})


def as_dict(corpus: pd.DataFrame) -> dict[str, int]:
    return dict(zip(corpus["doc_id"], corpus["n_tokens"], strict=True))


LIVE = rows(a=1, b=2, c=3)


def test_a_delta_keeps_all_but_the_removed_and_replaces_what_it_brings() -> None:
    corpus = resulting_corpus(rows(b=20, d=40), LIVE, ["c"], {"b", "d"}, is_delta=True)
    assert as_dict(corpus) == {"a": 1, "b": 20, "d": 40}


def test_a_snapshot_keeps_of_live_only_what_was_delivered_but_quarantined() -> None:
    corpus = resulting_corpus(rows(b=20), LIVE, [], {"b", "c"}, is_delta=False)
    assert as_dict(corpus) == {"b": 20, "c": 3}


def test_a_snapshot_with_a_row_of_unknown_id_keeps_what_it_left_out() -> None:
    corpus = resulting_corpus(rows(b=20), LIVE, [], {"b"}, is_delta=False, keeps_missing=True)
    assert as_dict(corpus) == {"a": 1, "b": 20, "c": 3}


def test_only_deletions_that_live_does_not_have_are_warned_of() -> None:
    live = LIVE["doc_id"]
    assert measure_unknown_deletions([], live) == measure_unknown_deletions(["a"], None) == []
    (known,) = measure_unknown_deletions(["a"], live)
    (unknown,) = measure_unknown_deletions(["a", "x", "y"], live)
    assert (known.verdict, unknown.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert (unknown.value, unknown.severity) == (2, "warning")
    assert "(such as x, y)" in unknown.message


def test_without_live_a_snapshot_is_all_there_is_and_a_delta_says_nothing() -> None:
    assert as_dict(resulting_corpus(rows(a=1), None, [], {"a"}, is_delta=False)) == {"a": 1}
    assert resulting_corpus(rows(a=1), None, [], {"a"}, is_delta=True) is None


@pytest.mark.parametrize(("kept", "verdict"), [(17, Verdict.PASSED), (16, Verdict.FAILED)])
def test_lost_documents_are_judged_relative_to_live(kept: int, verdict: Verdict) -> None:
    live = pd.Series([f"d{n}" for n in range(20)])
    lost, added = measure_corpus_changes(live, live[:kept], SETTINGS)
    assert (lost.value, lost.n, lost.verdict) == ((20 - kept) / 20, 20, verdict)
    assert (added.value, added.verdict) == (0, Verdict.PASSED)
    assert bool(lost.advice) == (verdict is Verdict.FAILED)


def test_a_corpus_that_doubles_is_held_although_it_lost_nothing() -> None:
    live = pd.Series([f"d{n}" for n in range(20)])
    lost, added = measure_corpus_changes(live, pd.Series([f"d{n}" for n in range(40)]), SETTINGS)
    assert (lost.verdict, added.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert added.message == "100.0 % of live's size is new (20 of 20); the limit is 50 %."


@pytest.mark.parametrize("live", [None, pd.Series([], dtype="object")])
def test_without_live_both_are_open(live: "pd.Series[str] | None") -> None:
    measured = measure_corpus_changes(live, pd.Series(["a"]), SETTINGS)
    assert [m.name for m in measured] == ["lost_share", "added_share"]
    assert {m.verdict for m in measured} == {Verdict.INCONCLUSIVE}
