from pathlib import Path

import pytest

from kbgate.artifacts import UNFINISHED
from kbgate.errors import ArtifactError
from kbgate.run import Run
from kbgate.stages.report import PAGE_FILE, REPORT_FILE, report
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


def test_a_held_run_says_where_the_bad_rows_are(live_kb: SmallKb) -> None:
    live_kb.documents[3] = {**live_kb.documents[3], "text": ""}
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
