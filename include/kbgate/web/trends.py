"""How each gate's measurements went over the last runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kbgate.results import Verdict
from kbgate.web.figures.trend import TrendPoint
from kbgate.web.past_runs import PastMeasurement, PastRun

RUNS = 90
SOURCE_RUNS = 10
SOURCES = 30


@dataclass(frozen=True, slots=True)
class Trend:
    """One measurement over the runs, oldest first, one point and one verdict a run; None where a run did not measure it.

    `direction` and `severity` are those of the newest run that measured it.
    """

    gate: str
    name: str
    direction: Literal["max", "min", "info"]
    severity: str
    points: tuple[TrendPoint, ...]
    verdicts: tuple[str | None, ...]

    @property
    def latest(self) -> TrendPoint:
        """The newest point that was measured."""
        return next(point for point in reversed(self.points) if point.value is not None)

    @property
    def latest_verdict(self) -> str:
        """The verdict of the newest run that has one."""
        return next(verdict for verdict in reversed(self.verdicts) if verdict is not None)

    @property
    def n_measured(self) -> int:
        """Number of runs that measured it."""
        return sum(point.value is not None for point in self.points)

    @property
    def n_not_passed(self) -> int:
        """Number of runs in which it did not pass."""
        return sum(verdict not in (None, Verdict.PASSED) for verdict in self.verdicts)

    @property
    def judged(self) -> bool:
        """Whether it is held to a limit."""
        return self.direction != "info" and self.latest.threshold is not None


@dataclass(frozen=True, slots=True)
class Trends:
    """Every measurement of every gate; `problems` name the reports that could not be read."""

    runs: tuple[PastRun, ...]
    trends: tuple[Trend, ...]
    problems: tuple[str, ...]

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates, in the order in which a run asks them."""
        return tuple(dict.fromkeys(trend.gate for trend in self.trends))

    @property
    def n_blocked(self) -> int:
        """Number of blocked runs."""
        return sum(run.blocked for run in self.runs)

    @property
    def last_blocking_gate(self) -> str | None:
        """The gate with a critical finding in the newest blocked run."""
        for run in reversed(self.runs):
            if run.blocked:
                return next((gate.name for gate in run.report.gates if gate.blocks), None)
        return None

    def of_gate(self, gate: str, *, judged: bool) -> tuple[Trend, ...]:
        """The measurements of a gate that are held to a limit, those that did not pass most often first; or the others."""
        found = [trend for trend in self.trends if trend.gate == gate and trend.judged == judged]
        return tuple(sorted(found, key=lambda trend: -trend.n_not_passed))

    def find(self, gate: str, name: str) -> Trend | None:
        """One measurement."""
        return next((t for t in self.trends if (t.gate, t.name) == (gate, name)), None)


@dataclass(frozen=True, slots=True)
class SourceCell:
    """What one source delivered in one run."""

    n_documents: int
    n_quarantined: int

    @property
    def share(self) -> float:
        """Share set aside, in [0, 1]."""
        return self.n_quarantined / self.n_documents if self.n_documents else 0.0


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """Rows set aside by source (rows) and run (columns, newest first); None where a source delivered nothing."""

    runs: tuple[PastRun, ...]
    rows: tuple[tuple[str, tuple[SourceCell | None, ...]], ...]
    n_left_out: int
    problems: tuple[str, ...]


def read_trends(runs: Sequence[PastRun]) -> Trends:
    """Return the trends of runs (newest first) from their reports; runs without a gate, such as rollbacks, are left out."""
    judged = tuple(run for run in reversed(runs) if run.report.gates)
    found: dict[tuple[str, str], dict[str, PastMeasurement]] = {}
    for run in judged:
        for gate in run.report.gates:
            for measured in gate.measurements:
                found.setdefault((gate.name, measured.name), {})[run.run_key] = measured
    labels = {run.run_key: (f"{run.began:%m-%d %H:%M}", run.blocked) for run in judged}
    trends = tuple(_trend(gate, name, measured, labels) for (gate, name), measured in found.items())
    return Trends(
        judged,
        tuple(trend for trend in trends if trend.n_measured),
        tuple(run.problem for run in runs if run.problem),
    )


def read_sources(summaries: Iterable[tuple[PastRun, Any]]) -> SourceQuality:
    """Return quality by source from the `quarantine_summary.json` values of runs, newest first.

    Sources are ordered by how much of them was set aside in the newest run; at most 30 are shown.
    """
    runs: list[PastRun] = []
    tables: list[dict[str, SourceCell]] = []
    problems: list[str] = []
    for run, summary in summaries:
        try:
            table = {
                str(row["source"]): SourceCell(int(row["n_documents"]), int(row["n_quarantined"]))
                for row in summary["by_source"]
            }
        except (TypeError, KeyError, ValueError):
            problems.append(
                f"runs/{run.run_key}/quarantine_summary.json has no counts by source that this version of kbgate can read"
            )
            continue
        runs.append(run)
        tables.append(table)
    names = list(dict.fromkeys(name for table in tables for name in table))
    ranked = sorted(names, key=lambda name: tuple(-table[name].share if name in table else 1.0 for table in tables))
    rows = tuple((name, tuple(table.get(name) for table in tables)) for name in ranked[:SOURCES])
    return SourceQuality(tuple(runs), rows, max(0, len(ranked) - SOURCES), tuple(problems))


def _trend(
    gate: str, name: str, measured: Mapping[str, PastMeasurement], runs: Mapping[str, tuple[str, bool]]
) -> Trend:
    """`runs` has the label of each run and whether it was blocked, by run key, oldest first."""
    newest = next(measured[run_key] for run_key in reversed(list(runs)) if run_key in measured)
    points: list[TrendPoint] = []
    verdicts: list[str | None] = []
    for run_key, (label, blocked) in runs.items():
        row = measured.get(run_key)
        value, threshold = (None, None) if row is None else (_finite(row.value), _finite(row.threshold))
        points.append(TrendPoint(label, value, threshold, blocked))
        verdicts.append(None if row is None else row.verdict.value)
    return Trend(gate, name, newest.direction, newest.severity, tuple(points), tuple(verdicts))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
