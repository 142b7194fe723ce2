"""Past runs are read from their reports: real ones, old ones and broken ones."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kbgate.artifacts import RunFolder
from kbgate.commands.judged_runs import read_judged_runs
from kbgate.pipeline import GATES
from kbgate.settings import Settings
from past_gates import BEGIN, documents_run
from small_kb import KB, SmallKb


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(artifact_root=str(tmp_path))


def write(settings: Settings, number: int, outcome: str = "promoted", **report: Any) -> None:
    gates = [gate.model_dump(mode="json") for gate in documents_run(number, empty_text=0.001).gates]
    began = (BEGIN + timedelta(days=number)).isoformat()
    values = {"outcome": outcome, "started_at": began, "kind": "ingest", "live_before": "v1", "gates": gates, **report}
    RunFolder(settings.artifact_root, "kb", f"run-{number}").write_json("report.json", values)


def keys(settings: Settings, n: int) -> list[str]:
    return [run.run_key for run in read_judged_runs(settings, "kb", n)[0]]


def test_a_real_run_is_read_whole(live_kb: SmallKb) -> None:
    (judged,), problems = read_judged_runs(live_kb.settings, KB, 9)
    assert problems == []
    assert (judged.outcome, judged.kind, judged.version, judged.live_before) == ("promoted", "ingest", "v1.0.0", None)
    assert [gate.name for gate in judged.gates] == list(GATES.values())
    assert judged.gates[0].settings["max_empty_text_share"] == 0.02
    assert not any(judged.holds(gate) for gate in judged.gates)


def test_so_many_accepted_runs_come_with_the_blocked_ones_since_the_oldest_of_them(settings: Settings) -> None:
    for number, outcome in enumerate(["hold", "promoted", "hold", "promoted", "hold", "built"]):
        write(settings, number, outcome)
    assert keys(settings, 2) == ["run-5", "run-4", "run-3", "run-2"]
    assert keys(settings, 9) == [f"run-{number}" for number in (5, 4, 3, 2, 1, 0)]


def test_runs_that_decided_nothing_are_left_out(settings: Settings) -> None:
    for number, outcome in enumerate(["unchanged", "error", "rolled_back", "promoted"]):
        write(settings, number, outcome)
    assert keys(settings, 9) == ["run-3"]
    assert read_judged_runs(settings, "another", 9) == ([], [])


def test_a_report_that_cannot_be_read_is_named(settings: Settings) -> None:
    write(settings, 1)
    write(settings, 2, gates=[{"name": "documents", "verdict": "passed", "measurements": [], "made_up": 1}])
    RunFolder(settings.artifact_root, "kb", "run-3").write_bytes("report.json", b"{")
    runs, problems = read_judged_runs(settings, "kb", 9)
    assert [run.run_key for run in runs] == ["run-1"]
    assert len(problems) == 2
    assert all("Clear the run's report task" in problem for problem in problems)
    assert any(problem.startswith("runs/run-2/report.json") and "message" in problem for problem in problems)
