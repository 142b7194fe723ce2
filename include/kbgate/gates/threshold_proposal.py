"""Limits proposed from the runs that were accepted, each with what is known of its false alarms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from statsmodels.stats.proportion import proportion_confint

from kbgate.gates.judged_run import JudgedRun
from kbgate.gates.limit_settings import LIMITS, LimitSetting
from kbgate.gates.past_limits import NeededLimit, loss_of, needed_limits, setting_of
from kbgate.gates.retrospective import count_beyond
from kbgate.gates.tolerance_bounds import AlarmRate, alarm_rate, count_bound, normal_bound, runs_beyond

FEWEST_RUNS = 14
"""Two weeks of nightly runs; with fewer nothing is proposed."""
TOLERANCE = 1.2
"""A limit keeps at least this factor away from the worst accepted run."""
ROUNDING = 1e-9

Advice = Literal["tighten", "keep", "too_near", "too_few_runs", "not_learnt"]


@dataclass(frozen=True, slots=True)
class LimitProposal:
    """What past runs say about one setting.

    `proposed` is None unless the advice is to tighten, or is too_near: then an accepted run came so near to the limit that
    the tolerance is used up, and `proposed` is the looser limit that would restore it. `worst` is what the worst accepted
    run needed of the setting, `tolerance` how many times as much the limit in force (or the one proposed to tighten) allows.
    `alarms` are false alarms a month under that limit. `n_accepted_beyond` and `n_held_beyond` count past runs that it would
    not let pass.
    """

    setting: str
    present: float
    advice: Advice
    why: str
    n_runs: int = 0
    proposed: float | None = None
    worst: float | None = None
    tolerance: float | None = None
    method: str = ""
    alarms: AlarmRate | None = None
    n_accepted_beyond: int = 0
    n_held_beyond: int = 0
    only_warns: bool = False


@dataclass(frozen=True, slots=True)
class ThresholdProposal:
    """One row a setting, in the order of `LIMITS`, and what all proposals together would do.

    `alarms` (a month) comes from judging each accepted run by limits proposed from the others; `n_left_out_beyond` of
    `n_runs` were beyond one. None below `FEWEST_RUNS`.
    """

    limits: tuple[LimitProposal, ...]
    n_runs: int
    n_held: int
    runs_a_month: float
    wanted_alarms_a_month: float
    n_left_out_beyond: int | None
    alarms: AlarmRate | None


def propose_thresholds(
    accepted: Sequence[JudgedRun],
    held: Sequence[JudgedRun],
    present: Mapping[str, float],
    *,
    runs_a_month: float,
    alarms_a_month: float,
) -> ThresholdProposal:
    """Propose a limit for each setting that past runs can teach.

    The false alarms wanted are shared evenly among these settings: rate = alarms / runs / settings. The limit is the
    largest of `TOLERANCE` times the worst accepted run (times the order statistic of `runs_beyond` where there are runs
    enough for that), the bound of a normal distribution (only without the order statistic), and for shares the binomial
    bound of rows, which is never below one document. It is rounded up to two digits. It is proposed only if it is stricter
    than `present`: what present limits blocked is not in the baseline, so accepted runs cannot speak for a looser limit.

    `accepted` are baseline runs, `held` the blocked ones beside them, `present` today's settings by their names in `LIMITS`.
    The order of runs does not matter.
    """
    needed = needed_limits(accepted)
    entries = {entry.setting: entry for entry in LIMITS}
    learnt = [s for s, entry in entries.items() if not entry.not_learnt and len(needed.get(s, ())) >= FEWEST_RUNS]
    rate = min(0.5, alarms_a_month / max(runs_a_month, ROUNDING) / max(len(learnt), 1))
    limits = []
    for setting, entry in entries.items():
        row = _propose(entry, present[setting], needed.get(setting, []), rate, runs_a_month)
        limit = row.proposed if row.advice == "tighten" and row.proposed is not None else row.present
        limits.append(_with_counts(row, count_beyond(setting, limit, accepted), count_beyond(setting, limit, held)))
    chosen = {s: needed[s] for s in learnt}
    n_beyond = _left_out_beyond(chosen, entries, present, rate) if learnt else None
    return ThresholdProposal(
        limits=tuple(limits),
        n_runs=len(accepted),
        n_held=len(held),
        runs_a_month=runs_a_month,
        wanted_alarms_a_month=alarms_a_month,
        n_left_out_beyond=n_beyond,
        alarms=None if n_beyond is None else _rate_of(n_beyond, len(accepted)).times(runs_a_month),
    )


def _propose(
    entry: LimitSetting, present: float, needed: Sequence[NeededLimit], rate: float, runs_a_month: float
) -> LimitProposal:
    n = len(needed)
    if entry.not_learnt:
        return LimitProposal(entry.setting, present, "not_learnt", entry.not_learnt)
    if n < FEWEST_RUNS:
        why = f"too few runs measured it ({n}, wanted {FEWEST_RUNS}): keep the present limit"
        return LimitProposal(entry.setting, present, "too_few_runs", why, n)
    losses, loss_now = [run.need for run in needed], loss_of(entry, present)
    worst, (loss, method, n_outside) = max(losses), _limit(entry, needed, rate)
    near = _round_up(worst * TOLERANCE)
    proposed: float | None = None
    advice: Advice = "keep"
    if loss == 0:
        in_force, why = loss_now, "every run measured 0, so nothing is known of its spread: keep the present limit"
    elif loss < loss_now - ROUNDING:
        advice, why, proposed, in_force = "tighten", method, loss, loss
    elif near > loss_now + ROUNDING:
        advice, proposed, in_force = "too_near", near, loss_now
        why = f"the worst accepted run leaves less than the factor {TOLERANCE:g} of room; look at the blocked runs"
    else:
        in_force = loss_now
        why = f"{n} runs do not speak for a stricter limit ({method} gives {setting_of(entry, loss):g})"
    if advice != "tighten":
        n_outside = sum(each > in_force + ROUNDING for each in losses)
    return LimitProposal(
        setting=entry.setting,
        present=present,
        advice=advice,
        why=why,
        n_runs=n,
        proposed=None if proposed is None else setting_of(entry, proposed),
        worst=setting_of(entry, worst),
        tolerance=in_force / worst if worst > 0 else None,
        method=method,
        alarms=alarm_rate(n_outside, n).times(runs_a_month),
        only_warns=not any(run.blocks for run in needed),
    )


def _limit(entry: LimitSetting, needed: Sequence[NeededLimit], rate: float) -> tuple[float, str, int]:
    """The limit on the scale of losses, the name of what set it, and how many runs may lie beyond it."""
    losses = [run.need for run in needed]
    least, beyond = _least(losses, rate)
    if beyond is None:
        bounds = [
            (least, f"{TOLERANCE:g} x the worst run"),
            (normal_bound(sorted(losses), rate), "normal tolerance bound"),
        ]
    else:
        bounds = [(least, f"{TOLERANCE:g} x order statistic ({beyond} of {len(losses)} beyond)")]
    if entry.unit == "rows" and all(run.n for run in needed):
        sizes = [run.n or 1 for run in needed]
        counts = [run.need * (run.n or 1) for run in needed]
        bounds.append((count_bound(counts, sizes, rate), f"binomial bound, smallest batch {min(sizes)}"))
    elif entry.unit:
        smallest = "smallest topic" if entry.unit == "topics" else "smallest batch"
        bounds.append((max(run.unit_share for run in needed), f"one document of the {smallest}"))
    loss, method = max(bounds, key=lambda bound: bound[0])
    return _round_up(loss), method, beyond or 0


def _least(losses: Sequence[float], rate: float) -> tuple[float, int | None]:
    """What the tolerance alone asks for, and how many runs may lie beyond; None for too few runs to let any."""
    beyond = runs_beyond(len(losses), rate)
    return sorted(losses, reverse=True)[beyond or 0] * TOLERANCE, beyond


def _left_out_beyond(
    needed: Mapping[str, Sequence[NeededLimit]],
    entries: Mapping[str, LimitSetting],
    present: Mapping[str, float],
    rate: float,
) -> int:
    """Of the runs, how many are beyond a limit that the other runs propose; only limits that would be tightened count."""
    beyond: set[str] = set()
    for setting, runs in needed.items():
        entry, loss_now = entries[setting], loss_of(entries[setting], present[setting])
        for i, run in enumerate(runs):
            others = [*runs[:i], *runs[i + 1 :]]
            if not run.blocks or run.need <= _least([other.need for other in others], rate)[0]:
                continue
            loss, _, _ = _limit(entry, others, rate)
            if run.need > loss + ROUNDING and 0 < loss < loss_now - ROUNDING:
                beyond.add(run.run_key)
    return len(beyond)


def _rate_of(count: int, n: int) -> AlarmRate:
    """Clopper and Pearson's 95 % interval of count / n."""
    low, high = proportion_confint(count, n, alpha=0.05, method="beta")
    return AlarmRate(count / n, float(low), float(high))


def _with_counts(row: LimitProposal, n_accepted: int, n_held: int) -> LimitProposal:
    return replace(row, n_accepted_beyond=n_accepted, n_held_beyond=n_held)


def _round_up(loss: float) -> float:
    """Rounded up to two significant digits, so that a limit can be read; never below `loss`."""
    if loss <= 0:
        return 0.0
    exact = Decimal(repr(float(loss)))
    return float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), rounding=ROUND_CEILING))
