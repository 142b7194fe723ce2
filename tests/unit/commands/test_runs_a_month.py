from datetime import UTC, datetime, timedelta

import pytest

from kbgate.commands.runs_a_month import NIGHTLY, runs_a_month

FIRST = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "number"),
    [
        ("0 2 * * *", 365 / 12),
        ("@daily", 365 / 12),
        ("0 2 * * 1-5", 261 / 12),
        ("0 4 * * 0", 52 / 12),
        ("0 0 1 * *", 1.0),
        ("@yearly", 1 / 12),
        ("*/5 * * * *", 12 * 24 * 365.25 / 12),
    ],
)
def test_a_schedule_gives_its_runs_a_month(schedule: str, number: float) -> None:
    found = runs_a_month(schedule, [])
    assert found.number == pytest.approx(number, rel=0.01)
    assert schedule in found.source


def test_without_a_schedule_the_spacing_of_the_runs_counts() -> None:
    weekly = [FIRST + timedelta(days=7 * i) for i in range(9)]
    assert runs_a_month(None, weekly).number == pytest.approx(30.44 / 7, rel=0.001)
    assert runs_a_month(None, weekly[::-1]) == runs_a_month(None, weekly)
    assert "spacing of 9 runs" in runs_a_month("not a cron", weekly).source


@pytest.mark.parametrize("began", [[], [FIRST], [FIRST, FIRST], [FIRST, FIRST + timedelta(hours=23)]])
def test_runs_of_less_than_a_day_are_taken_as_nightly_and_it_says_so(began: list[datetime]) -> None:
    found = runs_a_month(None, began)
    assert found.number == NIGHTLY == pytest.approx(30.44, abs=0.01)
    assert "nightly" in found.source
