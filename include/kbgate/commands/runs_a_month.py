"""How many runs a month a knowledge base has: by its schedule, else by the spacing of its past runs, else nightly."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MONTH = timedelta(days=365.25 / 12)
NIGHTLY = MONTH / timedelta(days=1)
YEAR = timedelta(days=365.25)
MOST_TIMES = 2000


@dataclass(frozen=True, slots=True)
class RunsAMonth:
    """The number, and where it comes from, as a part of a sentence."""

    number: float
    source: str


def runs_a_month(schedule: str | None, began: Sequence[datetime]) -> RunsAMonth:
    """Count the times of a cron expression over a year or 2,000 of them; without one, the times in `began` over their span.

    A schedule that is no cron expression counts as none. A span of less than a day tells nothing about a month.
    """
    scheduled = _scheduled(schedule) if schedule else None
    if scheduled is not None:
        return RunsAMonth(scheduled, f"by the schedule {schedule!r}")
    span = max(began) - min(began) if began else timedelta()
    if span >= timedelta(days=1):
        return RunsAMonth((len(began) - 1) * (MONTH / span), f"by the spacing of {len(began)} runs")
    return RunsAMonth(NIGHTLY, "taken as nightly: there is no schedule, and the runs span less than a day")


def _scheduled(schedule: str) -> float | None:
    from croniter import croniter

    if not croniter.is_valid(schedule):
        return None
    # Any year will do; the clock is of no interest.
    times = croniter(schedule, datetime(2026, 1, 1))
    first = last = times.get_next(datetime)
    count = 0
    while count < MOST_TIMES and last - first < YEAR:
        count, last = count + 1, times.get_next(datetime)
    return count * (MONTH / (last - first))
