"""What a run by hand prints, and what a check leaves alone."""

import json
from pathlib import Path

import pytest

from kbgate.cli import main
from small_kb import KB, SmallKb

PASSED, FAILED, INCONCLUSIVE = range(3)


def test_the_same_run_id_repeats_a_run_and_makes_no_second_version(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    live_kb.change(3)
    live_kb.write_documents()
    for _ in range(2):
        assert main(["ingest", "--run-id", "mine", "--build-only", "--json"]) == PASSED
        assert json.loads(capsys.readouterr().out)["version"] == "v1.0.1"
    assert [version.version for version in live_kb.reader().registry.versions(KB)] == ["v1.0.0", "v1.0.1"]


def test_a_person_is_told_in_words_what_became_of_the_run(live_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    live_kb.change(3)
    live_kb.write_documents()
    assert main(["ingest"]) == PASSED
    assert "Promoted v1.0.1" in capsys.readouterr().out


def test_a_check_leaves_its_finding_in_a_folder_and_no_version(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = live_kb.reader().registry
    before = registry.versions(KB), registry.events(KB), registry.release(KB)
    assert main(["check", "--run-id", "looked", "--json"]) == PASSED
    folder = Path(json.loads(capsys.readouterr().out)["folder"])
    assert "looked" in folder.name
    assert (folder / "gates" / "documents.json").is_file()
    assert (registry.versions(KB), registry.events(KB), registry.release(KB)) == before


def test_a_check_tells_of_a_golden_set_that_an_ingest_would_miss(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    live_kb.configure(recall={"golden_set": "no/such/golden"})
    assert main(["check", "--json"]) == PASSED
    (note,) = json.loads(capsys.readouterr().out)["notes"]
    assert note.startswith("An ingest would stop at once. The golden set no/such/golden has no queries.jsonl")
    assert main(["check"]) == PASSED
    assert f"Also: {note}" in capsys.readouterr().out


def test_a_check_whose_gate_only_warns_is_0_as_the_ingest_would_be_where_a_blocking_one_is_1(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        live_kb.documents[number] = {**live_kb.documents[number], "text": " "}
    live_kb.write_documents()
    assert main(["check"]) == FAILED
    live_kb.configure(quality={"documents_mode": "warn"})
    assert main(["check"]) == PASSED
    assert "documents (warn)" in capsys.readouterr().out


@pytest.mark.parametrize(("first_ingest", "code"), [("allow", PASSED), ("hold", INCONCLUSIVE)])
def test_a_check_before_any_version_is_live_is_as_lenient_as_the_ingest(
    small_kb: SmallKb, first_ingest: str, code: int
) -> None:
    small_kb.configure(release={"first_ingest": first_ingest})
    assert main(["check"]) == code


def test_a_person_is_told_what_stayed_because_its_new_row_is_no_good(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    live_kb.change(3)
    live_kb.documents[5] = {**live_kb.documents[5], "text": ""}
    live_kb.write_documents()
    assert main(["ingest"]) == PASSED
    assert "1 kept as in live: quarantined or not readable." in capsys.readouterr().out
