"""The limit that a measurement of the past would have been held to under another setting, as far as its record tells."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from kbgate.gates.limit_settings import LimitSetting
from kbgate.results import Measurement

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class LimitRange:
    """The limit lies between `low` and `high`, both in the measurement's own unit; infinite where the record is silent."""

    low: float
    high: float

    @property
    def exact(self) -> float | None:
        """The limit if it is known."""
        return self.low if self.low == self.high else None

    def passes(self, measured: Measurement) -> bool | None:
        """Whether the value keeps to the limit; None if that depends on where in the range the limit lies."""
        value = measured.value
        if value is None:
            return None
        if measured.direction == "max":
            inside, outside = value <= self.low + ROUNDING, value > self.high + ROUNDING
        else:
            inside, outside = value >= self.high - ROUNDING, value < self.low - ROUNDING
        return True if inside else False if outside else None


def limit_under(
    entry: LimitSetting, measured: Measurement, recorded: float | None, proposed: float, chance: float | None = None
) -> LimitRange:
    """Where the limit of `measured` (with value and threshold) would lie if the setting were `proposed`.

    `recorded` is the setting of that run, `chance` what chance explained in it; None if the record does not say. Where the
    recorded limit does not follow from the recorded setting (a suite of one's own, a test), only this is known: a looser
    setting never blocks what passed, a stricter one never lets pass what was blocked.
    """
    threshold = measured.threshold
    if threshold is None or recorded is None:
        return LimitRange(-math.inf, math.inf)
    if math.isclose(proposed, recorded, rel_tol=1e-12):
        return LimitRange(threshold, threshold)
    if entry.rule == "calibrated":
        # Another setting voids a calibration; what chance explains is then the least that the limit can be raised to.
        return LimitRange(proposed, math.inf)
    limit = _limit_of(entry, measured, recorded, chance)
    if entry.rule == "or_chance" and limit is None and _same(threshold, recorded):
        # What chance explains was at most the setting, and is not in the record.
        return LimitRange(proposed, max(proposed, recorded))
    if limit is None or not _same(limit(recorded), threshold):
        looser = (proposed > recorded) == entry.looser_is_larger
        upwards = looser == (measured.direction == "max")
        return LimitRange(threshold, math.inf) if upwards else LimitRange(-math.inf, threshold)
    return LimitRange(limit(proposed), limit(proposed))


def needed_setting(
    entry: LimitSetting, measured: Measurement, recorded: float | None, chance: float | None = None
) -> float | None:
    """The strictest setting under which `measured` surely passes; None if the record does not tell.

    A value that any setting lets pass, because the limit is never stricter than that, gives the strictest setting there is:
    0 for a maximum, 1 for a minimum.
    """
    value, threshold = measured.value, measured.threshold
    if value is None or threshold is None or recorded is None or entry.rule in ("calibrated", "tested"):
        return None
    strictest = 0.0 if entry.looser_is_larger else 1.0
    if entry.rule == "between":
        unrelated = _unrelated(threshold, recorded)
        return None if unrelated is None else (value - unrelated) / (1 - unrelated)
    limit = _limit_of(entry, measured, recorded, chance)
    if entry.rule == "or_chance" and limit is None and _same(threshold, recorded):
        return max(value, strictest)
    if limit is None or not _same(limit(recorded), threshold):
        return None
    if LimitRange(limit(strictest), limit(strictest)).passes(measured):
        return strictest
    return -value if entry.rule == "negated" else value


def _limit_of(
    entry: LimitSetting, measured: Measurement, recorded: float, chance: float | None
) -> Callable[[float], float] | None:
    """The limit as a function of the setting; None if the record does not tell it."""
    threshold, n = measured.threshold or 0.0, measured.n or 0
    if entry.rule == "as_set":
        return lambda setting: setting
    if entry.rule == "negated":
        return lambda setting: -setting
    if entry.rule == "or_one_row" and n:
        return lambda setting: max(setting, min(1 / n, 1.0)) if setting else setting
    if entry.rule == "or_two_documents" and n:
        return lambda setting: max(setting, min(2 / n, 1.0))
    if entry.rule == "or_one_document" and n:
        return lambda setting: min(setting, 1 - 1 / n) if n > 1 else setting
    if entry.rule == "or_chance":
        least = threshold if chance is None and threshold > recorded else chance
        return None if least is None else lambda setting: max(setting, least)
    unrelated = _unrelated(threshold, recorded) if entry.rule == "between" else None
    if unrelated is not None:
        return lambda setting: unrelated + setting * (1 - unrelated)
    return None


def _unrelated(threshold: float, recorded: float) -> float | None:
    """u of threshold = u + recorded (1 - u)."""
    unrelated = (threshold - recorded) / (1 - recorded) if recorded < 1 else 1.0
    return unrelated if unrelated < 1 - ROUNDING else None


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=ROUNDING)
