from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kbgate.results import Verdict
from kbgate.web.past_runs import PastGate, PastReport, PastRun
from kbgate.web.trends import SOURCES, Trends, read_sources, read_trends


def run(day: int, outcome: str = "promoted", **values: float | None) -> PastRun:
    """A run whose recall gate measured `values`, each held to at least 0.85."""
    measurements = [
        {"name": name, "value": value, "threshold": 0.85, "direction": "min", "verdict": verdict(value)}
        for name, value in values.items()
    ]
    gate = {"name": "recall", "verdict": "failed" if outcome == "hold" else "passed", "measurements": measurements}
    report = PastReport(outcome=outcome, gates=(PastGate.model_validate(gate),) if values else ())
    return PastRun(f"run-{day}", datetime(2026, 1, 1, 2, tzinfo=UTC) + timedelta(days=day), report)


def verdict(value: float | None) -> str:
    return "inconclusive" if value is None else "passed" if value >= 0.85 else "failed"


def trends_of(*oldest_first: PastRun) -> Trends:
    return read_trends(oldest_first[::-1])


def test_points_run_from_the_oldest_to_the_newest_run_and_say_which_were_blocked() -> None:
    trend = trends_of(run(0, recall=0.9), run(1, "hold", recall=0.7), run(2, recall=0.88)).trends[0]
    assert [point.value for point in trend.points] == [0.9, 0.7, 0.88]
    assert [point.blocked for point in trend.points] == [False, True, False]
    assert [point.run for point in trend.points] == ["01-01 02:00", "01-02 02:00", "01-03 02:00"]
    assert (trend.latest.value, trend.latest_verdict, trend.n_measured, trend.n_not_passed) == (0.88, "passed", 3, 1)


def test_a_run_that_did_not_get_to_a_measurement_leaves_a_gap() -> None:
    trend = trends_of(run(0, recall=0.9, hits=0.9), run(1, "hold", hits=0.2), run(2, hits=0.9)).find("recall", "recall")
    assert trend is not None
    assert [point.value for point in trend.points] == [0.9, None, None]
    assert trend.verdicts == ("passed", None, None)
    assert (trend.latest.value, trend.latest_verdict) == (0.9, "passed")


def test_runs_without_a_gate_are_no_points() -> None:
    found = trends_of(run(0, recall=0.9), run(1, "rolled_back"), run(2, recall=0.9))
    assert [past.run_key for past in found.runs] == ["run-0", "run-2"]
    assert len(found.trends[0].points) == 2


def test_a_measurement_that_no_run_could_measure_is_no_trend() -> None:
    assert trends_of(run(0, recall=None), run(1, recall=float("nan"))).trends == ()


def test_a_limit_that_changed_stays_with_the_runs_it_was_in_force_for() -> None:
    first = run(0, recall=0.9)
    stricter = first.report.gates[0].measurements[0].model_copy(update={"threshold": 0.95, "verdict": Verdict.FAILED})
    gate = first.report.gates[0].model_copy(update={"measurements": (stricter,)})
    second = PastRun("later", first.began + timedelta(days=1), PastReport(outcome="hold", gates=(gate,)))
    assert [point.threshold for point in trends_of(first, second).trends[0].points] == [0.85, 0.95]


def test_what_failed_most_often_comes_first_and_reported_numbers_stand_apart() -> None:
    found = trends_of(run(0, good=0.9, bad=0.1, worse=0.1), run(1, good=0.9, bad=0.9, worse=0.1))
    assert [trend.name for trend in found.of_gate("recall", judged=True)] == ["worse", "bad", "good"]
    assert found.of_gate("recall", judged=False) == ()


def test_the_gate_that_blocked_last_is_known_and_a_warning_is_no_block() -> None:
    assert trends_of(run(0, recall=0.9)).last_blocking_gate is None
    assert trends_of(run(0, "hold", recall=0.1), run(1, recall=0.9)).last_blocking_gate == "recall"
    blocked = run(0, "hold", recall=0.1)
    warns = blocked.report.gates[0].model_copy(update={"mode": "warn"})
    only_warned = PastRun("a", blocked.began, PastReport(outcome="hold", gates=(warns,)))
    assert trends_of(only_warned).last_blocking_gate is None


def test_unreadable_reports_are_told_and_the_others_shown() -> None:
    broken = PastRun("broken", datetime(2026, 1, 9, tzinfo=UTC), PastReport(), "report.json is not JSON")
    found = trends_of(run(0, recall=0.9), broken)
    assert found.problems == ("report.json is not JSON",)
    assert len(found.trends) == 1


def summary(**sources: tuple[int, int]) -> dict[str, Any]:
    return {
        "by_source": [{"source": name, "n_documents": n, "n_quarantined": bad} for name, (n, bad) in sources.items()]
    }


def test_the_source_with_the_greatest_share_set_aside_in_the_newest_run_comes_first() -> None:
    newest, older = run(2, recall=0.9), run(1, recall=0.9)
    found = read_sources([(newest, summary(faq=(100, 2), wiki=(10, 5))), (older, summary(faq=(90, 80), blog=(5, 5)))])
    assert [name for name, _ in found.rows] == ["wiki", "faq", "blog"]
    cells = dict(found.rows)
    assert cells["blog"][0] is None
    wiki = cells["wiki"][0]
    assert wiki is not None
    assert wiki.share == 0.5


def test_no_more_sources_are_shown_than_fit() -> None:
    many = summary(**{f"source-{number}": (10, 0) for number in range(SOURCES + 7)})
    found = read_sources([(run(1, recall=0.9), many)])
    assert (len(found.rows), found.n_left_out) == (SOURCES, 7)


@pytest.mark.parametrize("value", [None, [], {}, {"by_source": None}, {"by_source": [{"source": "a"}]}, "text"])
def test_a_summary_of_another_shape_is_named(value: Any) -> None:
    found = read_sources([(run(1, recall=0.9), value)])
    assert found.rows == ()
    assert found.problems[0].startswith("runs/run-1/quarantine_summary.json")


def test_a_source_that_delivered_nothing_has_a_share_of_zero() -> None:
    cell = read_sources([(run(1, recall=0.9), summary(empty=(0, 0)))]).rows[0][1][0]
    assert cell is not None
    assert cell.share == 0.0
