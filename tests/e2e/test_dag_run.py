"""Whole runs of the real DAGs with `dag.test()`: states, asset events and notes as Airflow's database keeps them.

All runs share one process and one database, because Airflow and Great Expectations take seconds to start; each test looks at the
runs of its own. They run in the order of `RUNS`.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kbgate.pipeline import STAGES
from small_kb import KB, SmallKb

INGEST, HOTFIX, ROLLBACK = f"kb_ingest__{KB}", f"kb_hotfix_reindex__{KB}", f"kb_rollback__{KB}"
PROMOTION = f"kb_promote__{KB}"
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "first": (INGEST, {}),
    "unchanged": (INGEST, {}),
    "delta": (INGEST, {"batch": "delta.jsonl", "mode": "delta", "deletions": "gone.txt", "reason": "nightly"}),
    "bad": (INGEST, {"batch": "bad.jsonl"}),
    "misspelt": (INGEST, {"bacth": "bad.jsonl"}),
    "no file": (INGEST, {"batch": "no_such_file.jsonl"}),
    "built": (HOTFIX, {"reason": "longer chunks", "chunk_size_tokens": 60, "after_gates": "build only"}),
    "fixed": (
        HOTFIX,
        {"reason": "mend one", "batch": "delta.jsonl", "documents": "orders/*", "base_version": "v1.0.0"},
    ),
    "no base": (HOTFIX, {"reason": "mend that", "base_version": "v9.9.9"}),
    "back": (ROLLBACK, {"reason": "users complain"}),
    "back too far": (ROLLBACK, {"reason": "users complain", "target_version": "v9.9.9"}),
    "back twice": (ROLLBACK, {"reason": "users complain"}),
    "back misspelt": (ROLLBACK, {"reason": "users complain", "target": "v1.0.0"}),
    "night": (INGEST, {"batch": "night.jsonl", "mode": "delta"}),
    "by hand": (PROMOTION, {"reason": "the prices are right", "version": "v1.0.2"}),
}
FILES = ("batch", "deletions")


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> SmallKb:
    """The knowledge base and the batches of the runs."""
    kb = SmallKb(tmp_path_factory.mktemp("kb"))
    kb.change(3)
    kb.change(17)
    kb.write_documents(kb.folder / "delta.jsonl", [3, 17])
    (kb.folder / "gone.txt").write_text("shipping/doc-39\n")
    kb.change(21)
    kb.write_documents(kb.folder / "night.jsonl", [21])
    for number in range(8):
        kb.documents[number] = {**kb.documents[number], "text": ""}
    kb.write_documents(kb.folder / "bad.jsonl")
    return kb


@pytest.fixture(scope="module")
def runs(kb: SmallKb, airflow_environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """How every run ended, by its name in RUNS, and what it printed."""
    asked = [{"dag_id": dag_id, "conf": _with_paths(kb, conf)} for dag_id, conf in RUNS.values()]
    script = str(Path(__file__).with_name("dag_runs.py"))
    ended = subprocess.run(
        [sys.executable, script, json.dumps(asked)],
        env={**airflow_environment, **kb.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-5000:]
    line = next(line for line in ended.stdout.splitlines() if line.startswith("ANSWER "))
    answers = json.loads(line.removeprefix("ANSWER "))
    log = ended.stdout.partition("ANSWER ")[0] + ended.stderr
    return {name: {**answer, "log": log} for name, answer in zip(RUNS, answers, strict=True)}


def report_of(kb: SmallKb, run: Mapping[str, Any]) -> dict[str, Any]:
    """The report in the run's folder."""
    return dict(json.loads((_folder(kb, run) / "report.json").read_text()))


def tasks_in(run: Mapping[str, Any], state: str) -> set[str]:
    return {task for task, found in run["tasks"].items() if found == state}


def test_a_clean_first_ingest_is_green_and_promoted(kb: SmallKb, runs: dict[str, dict[str, Any]]) -> None:
    run = runs["first"]
    assert run["state"] == "success"
    assert tasks_in(run, "success") == set(STAGES)
    assert report_of(kb, run)["outcome"] == "promoted"


def test_a_promotion_updates_the_live_asset_with_version_recall_and_who(runs: dict[str, dict[str, Any]]) -> None:
    (event,) = runs["first"]["events"]
    assert (event["uri"], event["task"]) == (f"kbgate://{KB}/live", "promote")
    assert event["extra"] == {"version": "v1.0.0", "previous": None, "recall": 1.0, "actor": "dag_test"}
    (event,) = runs["delta"]["events"]
    assert (event["extra"]["version"], event["extra"]["previous"]) == ("v1.0.1", "v1.0.0")


def test_the_note_of_every_run_is_the_headline_of_its_report_with_a_link(
    kb: SmallKb, runs: dict[str, dict[str, Any]]
) -> None:
    for name, run in runs.items():
        assert run["note"].startswith(report_of(kb, run)["headline"] + " [Report](dags/"), name


def test_nothing_to_do_is_green_with_skips_and_no_event(kb: SmallKb, runs: dict[str, dict[str, Any]]) -> None:
    run = runs["unchanged"]
    assert run["state"] == "success"
    assert tasks_in(run, "success") == {"open_run", "read_documents", "check_documents", "report"}
    assert tasks_in(run, "skipped") == set(STAGES) - tasks_in(run, "success")
    assert run["events"] == []
    assert run["note"].startswith("Nothing changed: ")


def test_parameters_and_reason_reach_the_run(kb: SmallKb, runs: dict[str, dict[str, Any]]) -> None:
    report = report_of(kb, runs["delta"])
    assert report["changes"] == {"added": 0, "changed": 2, "removed": 1, "unchanged": 37, "kept": 0}
    assert (report["reason"], report["actor"]) == ("nightly", "dag_test")


def test_a_blocked_batch_makes_the_run_red_although_its_report_is_written(
    kb: SmallKb, runs: dict[str, dict[str, Any]]
) -> None:
    run = runs["bad"]
    assert run["state"] == "failed"
    assert tasks_in(run, "failed") == {"check_documents", "decide"}
    assert run["tasks"]["report"] == "success"
    assert {"embed_chunks", "build_candidate", "promote", "collect_garbage"} <= tasks_in(run, "upstream_failed")
    assert run["events"] == []
    assert run["note"].startswith("Blocked: 20.0 % of documents have no text (8 of 40)")
    assert "Live stays v1.0.1. [Report](dags/" in run["note"]


def test_a_verdict_and_a_mistake_are_not_tried_again(runs: dict[str, dict[str, Any]]) -> None:
    assert "UP_FOR_RETRY" not in runs["bad"]["log"]
    assert "up_for_retry" not in runs["bad"]["log"]


def test_an_unknown_parameter_stops_the_run_with_a_sentence(runs: dict[str, dict[str, Any]]) -> None:
    run = runs["misspelt"]
    assert run["state"] == "failed"
    assert run["tasks"]["open_run"] == "failed"
    assert "read_documents" in tasks_in(run, "upstream_failed")
    assert run["tasks"]["report"] == "success"
    wanted = "Stopped in open_run: This DAG has no parameter bacth. It has: batch, chunk_overlap_tokens,"
    assert run["note"].startswith(wanted)
    assert runs["back misspelt"]["note"].startswith("Stopped in roll_back: This DAG has no parameter target. It has: ")


def test_a_source_that_is_missing_makes_the_run_red_and_is_named_in_its_note(runs: dict[str, dict[str, Any]]) -> None:
    run = runs["no file"]
    assert run["state"] == "failed"
    assert run["tasks"]["read_documents"] == "failed"
    assert run["note"].startswith("Stopped in read_documents: ")
    assert "no_such_file.jsonl does not exist" in run["note"]


def test_a_hotfix_may_only_be_built(kb: SmallKb, runs: dict[str, dict[str, Any]]) -> None:
    run = runs["built"]
    assert run["state"] == "success"
    assert tasks_in(run, "skipped") == {"promote", "collect_garbage"}
    assert run["events"] == []
    assert (report_of(kb, run)["version"], report_of(kb, run)["outcome"]) == ("v1.0.1-hotfix", "built")


def test_a_hotfix_of_some_documents_is_promoted(kb: SmallKb, runs: dict[str, dict[str, Any]]) -> None:
    run = runs["fixed"]
    assert run["state"] == "success"
    (event,) = run["events"]
    assert event["extra"]["version"] == "v1.0.0-hotfix"
    assert report_of(kb, run)["changes"]["changed"] == 1


def test_a_run_that_could_not_begin_is_red(kb: SmallKb, runs: dict[str, dict[str, Any]]) -> None:
    run = runs["no base"]
    assert run["tasks"]["open_run"] == "failed"
    assert run["state"] == "failed"
    assert "v9.9.9" in run["note"]


def test_a_rollback_is_green_and_updates_the_live_asset(kb: SmallKb, runs: dict[str, dict[str, Any]]) -> None:
    run = runs["back"]
    assert (run["state"], run["tasks"]) == ("success", {"roll_back": "success", "report": "success"})
    (event,) = run["events"]
    assert (event["uri"], event["task"]) == (f"kbgate://{KB}/live", "roll_back")
    assert (event["extra"]["version"], event["extra"]["previous"]) == ("v1.0.1", "v1.0.0-hotfix")
    assert event["extra"]["actor"] == "dag_test"


def test_a_rollback_to_nowhere_is_red_and_changes_nothing(runs: dict[str, dict[str, Any]]) -> None:
    run = runs["back too far"]
    assert (run["state"], run["tasks"]) == ("failed", {"roll_back": "failed", "report": "success"})
    assert run["events"] == []


def test_a_second_rollback_must_name_its_version(runs: dict[str, dict[str, Any]]) -> None:
    run = runs["back twice"]
    assert (run["state"], run["tasks"]["roll_back"]) == ("failed", "failed")
    assert run["events"] == []
    assert "was rolled back already (dag_test rolled back to v1.0.1" in run["note"]


def test_after_a_rollback_an_ingest_is_red_and_waits_for_a_person(runs: dict[str, dict[str, Any]]) -> None:
    run = runs["night"]
    assert (run["state"], tasks_in(run, "failed")) == ("failed", {"promote"})
    assert run["events"] == []
    assert run["note"].startswith("v1.0.2 passed every gate and waits: v1.0.0-hotfix was rolled back by dag_test")


def test_a_promotion_by_hand_is_green_and_updates_the_live_asset(kb: SmallKb, runs: dict[str, dict[str, Any]]) -> None:
    run = runs["by hand"]
    assert (run["state"], run["tasks"]) == ("success", {"promote_by_hand": "success", "report": "success"})
    (event,) = run["events"]
    assert (event["uri"], event["task"]) == (f"kbgate://{KB}/live", "promote_by_hand")
    assert (event["extra"]["version"], event["extra"]["previous"]) == ("v1.0.2", "v1.0.1")
    assert report_of(kb, run)["outcome"] == "promoted_by_hand"


def test_no_run_keeps_the_lease(kb: SmallKb, runs: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in kb.environment.items():
        monkeypatch.setenv(name, value)
    assert len(runs) == len(RUNS)
    assert kb.reader().registry.lease(KB) is None


def _with_paths(kb: SmallKb, conf: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(kb.folder / value) if name in FILES else value for name, value in conf.items()}


def _folder(kb: SmallKb, run: Mapping[str, Any]) -> Path:
    from kbgate.artifacts import run_key_of

    return kb.folder / "artifacts" / KB / "runs" / run_key_of(run["dag_id"], run["run_id"])
