from collections.abc import Collection
from pathlib import Path

import pytest

from kbgate.artifacts import UNFINISHED
from kbgate.errors import ArtifactError, ConflictError, InfrastructureError, SourceError, UsageError
from kbgate.run import Run
from kbgate.stages.promote import move_pointer
from kbgate.stages.report import PAGE_FILE, REPORT_FILE, report
from kbgate.stores.numpy import NumpyStore
from small_kb import KB, UNTIL_DECISION, SmallKb


def test_a_run_whose_stage_failed_names_it_and_gives_the_lease_back(live_kb: SmallKb) -> None:
    request = live_kb.request("second")
    with pytest.raises(ArtifactError):
        live_kb.stages(request, "open_run", "embed_chunks")
    run = Run(live_kb.settings, request)
    assert run.registry.lease(KB) is not None
    result = report(run)
    assert result.summary["outcome"] == "error"
    assert result.message.startswith("Stopped in embed_chunks: ")
    assert result.message.endswith("Live stays v1.0.0.")
    assert run.registry.lease(KB) is None


def test_a_run_that_was_killed_says_after_which_stage(live_kb: SmallKb) -> None:
    request = live_kb.request("second")
    live_kb.stages(request, "open_run", "read_documents")
    run = Run(live_kb.settings, request)
    report(run)
    found = run.folder.read_json(REPORT_FILE)
    assert found["headline"] == "Stopped after read_documents: the red task's log says why. Live stays v1.0.0."
    assert (found["outcome"], found["gates"], found["version"]) == ("error", [], None)
    assert found["next"] == "mend what the message names and run again"


def test_a_run_that_never_began_is_reported_as_well(small_kb: SmallKb) -> None:
    run = Run(small_kb.settings, small_kb.request("first"))
    run.registry.migrate()
    assert report(run).message == "Stopped after the beginning: the red task's log says why. Nothing is live yet."


def test_nothing_is_said_of_live_when_the_registry_does_not_answer(small_kb: SmallKb) -> None:
    run = Run(small_kb.settings, small_kb.request("first"))
    with pytest.raises(InfrastructureError, match="no such table"):
        report(run)
    assert run.folder.read_json(REPORT_FILE)["headline"] == "Stopped after the beginning: the red task's log says why."


def test_a_run_that_never_began_knows_what_is_live(live_kb: SmallKb) -> None:
    assert report(Run(live_kb.settings, live_kb.request("second"))).message.endswith("Live stays v1.0.0.")


def test_a_note_names_one_live_version_although_it_moved_during_the_run(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    live_kb.change(4)
    third = live_kb.request("third")
    live_kb.stages(third, *UNTIL_DECISION)
    live_kb.stages(live_kb.request("back", kind="rollback"), "roll_back")
    with pytest.raises(ConflictError):
        live_kb.stages(third, "promote")
    live_kb.stages(third, "report")
    headline = Run(live_kb.settings, third).folder.read_json(REPORT_FILE)["headline"]
    assert "Live is v1.0.0." in headline
    assert "Live stays" not in headline


def test_a_held_run_names_what_is_live_when_it_ends(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    live_kb.documents[3] = {**live_kb.documents[3], "text": ""}
    bad = live_kb.request("third")
    live_kb.stages(bad, *UNTIL_DECISION[: UNTIL_DECISION.index("chunk_documents")], "decide")
    live_kb.stages(live_kb.request("back", kind="rollback"), "roll_back")
    assert live_kb.stages(bad, "report")[0].message.endswith("Live stays v1.0.0.")


def test_clean_up_that_fails_does_not_hide_the_promotion(live_kb: SmallKb, monkeypatch: pytest.MonkeyPatch) -> None:
    live_kb.configure(release={"keep_versions": 1})
    live_kb.change(3)
    live_kb.run("second")

    def down(store: NumpyStore, version: str, protected: Collection[str]) -> None:
        raise InfrastructureError("the store is down.")

    monkeypatch.setattr(NumpyStore, "drop", down)
    live_kb.change(4)
    with pytest.raises(InfrastructureError, match="the store is down"):
        live_kb.run("third")
    found = Run(live_kb.settings, live_kb.request("third")).folder.read_json(REPORT_FILE)
    trouble = "Afterwards stopped in collect_garbage, which changes nothing for users: the store is down."
    assert (found["outcome"], found["notes"][-1]) == ("promoted", trouble)
    assert found["headline"].startswith("Promoted v1.0.2, replacing v1.0.1: ")
    assert found["headline"].endswith(trouble)


def test_a_promotion_that_was_killed_and_then_rolled_back_is_still_told(live_kb: SmallKb) -> None:
    live_kb.change(3)
    request = live_kb.request("second")
    live_kb.stages(request, *UNTIL_DECISION)
    move_pointer(Run(live_kb.settings, request), "tester", "killed before it could say so")
    live_kb.stages(live_kb.request("back", kind="rollback"), "roll_back")
    with pytest.raises(UsageError, match="promoted already"):
        live_kb.stages(request, "promote")
    live_kb.stages(request, "report")
    found = Run(live_kb.settings, request).folder.read_json(REPORT_FILE)
    assert found["outcome"] == "promoted"
    assert found["headline"].startswith("Promoted v1.0.1, replacing v1.0.0: ")


def test_a_held_run_says_where_the_bad_rows_are(live_kb: SmallKb) -> None:
    for number in (3, 4):
        live_kb.documents[number] = {**live_kb.documents[number], "text": ""}
    request = live_kb.request("second")
    live_kb.stages(request, *UNTIL_DECISION[: UNTIL_DECISION.index("chunk_documents")], "decide")
    run = Run(live_kb.settings, request)
    assert report(run).summary["outcome"] == "hold"
    found = run.folder.read_json(REPORT_FILE)
    assert found["next"].endswith(f"{run.folder.uri}/quarantine.parquet")
    assert found["reasons"]


def test_a_run_held_by_recall_is_not_told_to_mend_its_batch(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"zero_hit_similarity": 0.99})
    live_kb.change(3)
    held = live_kb.run("second")
    assert held.outcome == "hold"
    assert held.report["next"].startswith("read the worst questions in ")
    assert "quarantine" not in held.report["next"]


def test_a_page_that_cannot_be_written_is_told_and_spoils_nothing(live_kb: SmallKb) -> None:
    request = live_kb.request("second")
    live_kb.stages(request, "open_run", "read_documents")
    run = Run(live_kb.settings, request)
    # A folder stands where the file is written before it takes its name.
    (Path(run.folder.uri) / f"{PAGE_FILE}{UNFINISHED}").mkdir()
    message = report(run).message
    assert message.startswith("Stopped after read_documents: ")
    assert "report.html could not be written: " in message
    assert run.folder.exists(REPORT_FILE)
    assert run.registry.lease(KB) is None


def test_a_run_that_was_stopped_gives_its_error_and_not_the_gates_that_it_never_reached(live_kb: SmallKb) -> None:
    live_kb.configure(source={"options": {"path": str(live_kb.folder / "no_such_file.jsonl")}})
    request = live_kb.request("second")
    with pytest.raises(SourceError, match="no_such_file"):
        live_kb.stages(request, "open_run", "read_documents")
    live_kb.stages(request, "decide", "report")
    found = Run(live_kb.settings, request).folder.read_json(REPORT_FILE)
    assert (found["outcome"], found["reasons"]) == ("error", [])
    assert found["headline"].startswith("Stopped in read_documents: ")
