import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kbgate.artifacts import RunFolder
from kbgate.settings import Settings
from kbgate.web.past_runs import past_runs
from small_kb import KB, SmallKb
from web_pages import BLOCKED, FIRST, SECOND, run_folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(artifact_root=str(tmp_path))


def write(settings: Settings, run_key: str, **report: object) -> None:
    RunFolder(settings.artifact_root, "kb", run_key).write_json("report.json", report)


def test_runs_come_in_the_order_in_which_they_began_and_not_in_which_they_ended(settings: Settings) -> None:
    write(settings, "late", started_at="2026-11-24T09:00:00+00:00")
    write(settings, "early", started_at="2026-11-24T10:00:00+02:00")
    assert [run.run_key for run in past_runs(settings, "kb", 9)] == ["late", "early"]
    assert past_runs(settings, "kb", 9)[1].began == datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_a_report_that_does_not_say_when_the_run_began_counts_from_when_it_was_written(settings: Settings) -> None:
    write(settings, "old kbgate", outcome="promoted")
    run = past_runs(settings, "kb", 9)[0]
    assert abs((datetime.now(UTC) - run.began).total_seconds()) < 3600
    assert (run.outcome, run.problem) == ("promoted", None)


def test_real_reports_give_outcome_version_and_every_gate(web_kb: SmallKb) -> None:
    blocked, second, first = past_runs(web_kb.settings, KB, 9)
    assert [run.run_key for run in (first, second, blocked)] == [
        run_folder(web_kb.settings, run_id).run_key for run_id in (FIRST, SECOND, BLOCKED)
    ]
    assert (second.report.version, second.blocked, second.outcome) == ("v1.0.1", False, "promoted")
    assert (blocked.report.version, blocked.blocked, blocked.outcome) == (None, True, "blocked")
    written = run_folder(web_kb.settings, SECOND).read_json("report.json")
    assert second.began == datetime.fromisoformat(written["started_at"])
    for read, gate in zip(second.report.gates, written["gates"], strict=True):
        assert (read.name, read.verdict) == (gate["name"], gate["verdict"])
        assert [m.value for m in read.measurements] == [m["value"] for m in gate["measurements"]]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"gates": 3}', b'{"gates": [{}]}'])
def test_a_report_that_cannot_be_read_is_named_and_told_how_to_mend(settings: Settings, content: bytes) -> None:
    RunFolder(settings.artifact_root, "kb", "broken").write_bytes("report.json", content)
    run = past_runs(settings, "kb", 9)[0]
    assert run.problem is not None
    assert run.problem.startswith("runs/broken/report.json is not a report of this version of kbgate")
    assert "Clear the run's report task" in run.problem
    assert (run.blocked, run.report.gates) == (False, ())


def test_a_value_that_is_not_a_number_does_not_spoil_the_report(settings: Settings) -> None:
    gate = {
        "name": "drift",
        "verdict": "passed",
        "measurements": [{"name": "x", "value": math.nan, "verdict": "passed"}],
    }
    RunFolder(settings.artifact_root, "kb", "a").write_bytes("report.json", json.dumps({"gates": [gate]}).encode())
    assert past_runs(settings, "kb", 9)[0].problem is None


def test_runs_may_be_chosen_by_another_file_and_then_need_no_report(settings: Settings) -> None:
    write(settings, "no quarantine")
    RunFolder(settings.artifact_root, "kb", "killed").write_bytes("quarantine.parquet", b"")
    assert [(run.run_key, run.outcome) for run in past_runs(settings, "kb", 9, having="quarantine.parquet")] == [
        ("killed", "not finished")
    ]


def test_only_so_many_runs_are_read(settings: Settings) -> None:
    for number in range(5):
        write(settings, f"run-{number}")
    assert len(past_runs(settings, "kb", 3)) == 3
