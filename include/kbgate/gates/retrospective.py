"""Replays other limits over past runs: which would have been blocked, which would have passed. Nothing is enforced."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kbgate.gates.effective_limit import LimitRange
from kbgate.gates.judged_run import JudgedRun
from kbgate.gates.limit_settings import LimitRule
from kbgate.gates.past_limits import LimitedMeasurement, limited_measurements
from kbgate.results import Verdict

Fate = Literal["passes", "goes_on", "blocked", "unknown"]
"""goes_on: past the gates that held it, but later gates never measured it."""

WHY_INEXACT: dict[LimitRule, str] = {
    "or_chance": "what chance explains in a run is on record only where it was above the setting",
    "calibrated": "its limit came from a calibration or from chance, which the record does not hold; kbgate drift calibrate "
    "sets it anew",
    "tested": "the setting is part of a test whose p-value would be another one",
}
OTHER_LIMIT = "the limit on record does not follow from the setting on record (a suite of your own, or an older kbgate)"


@dataclass(frozen=True, slots=True)
class ReplayedMeasurement:
    """One measurement under another setting; the new limit lies between the two ends (None: the record sets no end).

    `passes_now` is None if the record cannot tell.
    """

    gate: str
    measurement: str
    setting: str
    direction: str
    value: float
    old_limit: float
    new_limit_low: float | None
    new_limit_high: float | None
    passed_then: bool
    passes_now: bool | None
    blocks: bool
    """False where not passing only warns."""

    @property
    def differs(self) -> bool:
        """Whether it would come out another way, or may."""
        return self.passes_now is not self.passed_then


@dataclass(frozen=True, slots=True)
class ReplayedRun:
    """One run under other limits.

    `measurements` are those that come out another way or may; `other_reasons` are the measurements (or gates) that held
    it and that the replayed settings do not limit; `unmeasured_gates` never saw the run, because it was held before.
    """

    run: JudgedRun
    fate: Fate
    measurements: tuple[ReplayedMeasurement, ...]
    other_reasons: tuple[str, ...]
    unmeasured_gates: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the decision would have been another one, or may."""
        return self.fate != ("passes" if self.run.accepted else "blocked")


@dataclass(frozen=True, slots=True)
class InexactMeasurement:
    """A measurement whose new limit is not known exactly in `n_runs` runs, and why; in `n_unknown` the outcome is not either."""

    gate: str
    measurement: str
    setting: str
    why: str
    n_runs: int
    n_unknown: int


@dataclass(frozen=True, slots=True)
class Retrospective:
    """All runs in the order given; `never_measured` are settings that no run was held to."""

    runs: tuple[ReplayedRun, ...]
    inexact: tuple[InexactMeasurement, ...]
    never_measured: tuple[str, ...]

    def count(self, *, accepted: bool, fate: Fate) -> int:
        """Number of runs that were accepted (or held) then and have this fate now."""
        return sum(replayed.run.accepted is accepted and replayed.fate == fate for replayed in self.runs)


def replay_thresholds(
    runs: Sequence[JudgedRun], proposed: Mapping[str, float], expected_gates: Sequence[str]
) -> Retrospective:
    """Judge past runs (accepted or held) again with `proposed` settings (names as in `LIMITS`) in place of their own.

    Only limits change: measured values, verdicts for want of evidence and everything that other settings limit stay as
    recorded. A held run passes only if all that held it passes now; gates of `expected_gates` that never measured it are
    named.
    """
    replayed_runs, measured = [], set[str]()
    inexact: dict[tuple[str, str, str, str], list[bool]] = {}
    for run in runs:
        again = []
        for limited in limited_measurements(run):
            if limited.entry.setting not in proposed:
                continue
            measured.add(limited.entry.setting)
            found, limit = _replay(limited, proposed[limited.entry.setting])
            again.append(found)
            if limit.exact is None:
                entry = limited.entry
                key = (entry.gate, entry.measurement, entry.setting, WHY_INEXACT.get(entry.rule, OTHER_LIMIT))
                inexact.setdefault(key, []).append(found.passes_now is None)
        replayed_runs.append(_replay_run(run, again, expected_gates))
    return Retrospective(
        tuple(replayed_runs),
        tuple(InexactMeasurement(*key, len(unknown), sum(unknown)) for key, unknown in sorted(inexact.items())),
        tuple(setting for setting in proposed if setting not in measured),
    )


def count_beyond(setting: str, limit: float, runs: Sequence[JudgedRun]) -> int:
    """Number of runs with a measurement that surely does not keep to its limit if `setting` is `limit`."""

    def surely_beyond(run: JudgedRun) -> Iterator[bool]:
        for limited in limited_measurements(run):
            if limited.entry.setting == setting:
                yield limited.limit_under(limit).passes(limited.measured) is False

    return sum(any(surely_beyond(run)) for run in runs)


def _replay(limited: LimitedMeasurement, proposed: float) -> tuple[ReplayedMeasurement, LimitRange]:
    measured, entry = limited.measured, limited.entry
    limit = limited.limit_under(proposed)
    passed_then, threshold = measured.verdict is Verdict.PASSED, measured.threshold or 0.0
    passes_now = limit.passes(measured)
    kept_to_its_limit = LimitRange(threshold, threshold).passes(measured)
    lacks_evidence = entry.needs_evidence and measured.verdict is Verdict.INCONCLUSIVE
    if not passed_then and (kept_to_its_limit or lacks_evidence):
        # Something else than its limit held it, such as too few questions.
        passes_now = False
    found = ReplayedMeasurement(
        gate=limited.gate.name,
        measurement=measured.name,
        setting=entry.setting,
        direction=measured.direction,
        value=measured.value or 0.0,
        old_limit=threshold,
        new_limit_low=_end(limit.low),
        new_limit_high=_end(limit.high),
        passed_then=passed_then,
        passes_now=passes_now,
        blocks=limited.blocks,
    )
    return found, limit


def _replay_run(run: JudgedRun, again: Sequence[ReplayedMeasurement], expected_gates: Sequence[str]) -> ReplayedRun:
    judged = {(found.gate, found.measurement) for found in again}
    others = []
    for gate in run.gates:
        if not run.holds(gate):
            continue
        open_ones = [m.name for m in gate.failed_measurements]
        others += [f"{gate.name}: {name}" for name in open_ones if (gate.name, name) not in judged]
        others += [] if open_ones else [gate.name]
    unmeasured = tuple(name for name in expected_gates if name not in {gate.name for gate in run.gates})
    blocking = [found for found in again if found.blocks]
    fate: Fate = "passes"
    if others or any(found.passes_now is False for found in blocking):
        fate = "blocked"
    elif any(found.passes_now is None for found in blocking):
        fate = "unknown"
    elif run.held and unmeasured:
        fate = "goes_on"
    changed = tuple(found for found in again if found.differs)
    return ReplayedRun(run, fate, changed, tuple(others), unmeasured if run.held else ())


def _end(limit: float) -> float | None:
    return limit if abs(limit) != float("inf") else None
