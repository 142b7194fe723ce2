"""The forms that the drift gate's measurements take."""

from typing import Literal

from kbgate.results import Measurement, Verdict

ROUNDING = 1e-12
Interval = tuple[float, float] | None


def held(
    name: str,
    value: float,
    threshold: float,
    direction: Literal["max", "min"],
    n: int,
    message: str,
    interval: Interval = None,
) -> Measurement:
    """A number that must keep to its limit."""
    excess = value - threshold if direction == "max" else threshold - value
    return Measurement(
        name=name,
        value=value,
        threshold=threshold,
        direction=direction,
        n=n,
        ci_low=interval[0] if interval else None,
        ci_high=interval[1] if interval else None,
        # NaN is never within a limit.
        verdict=Verdict.PASSED if excess <= ROUNDING else Verdict.FAILED,
        message=message,
    )


def reported(name: str, value: float | None, n: int, message: str, interval: Interval = None) -> Measurement:
    """A number to look at; it never blocks."""
    low, high = interval or (None, None)
    return Measurement(name=name, value=value, n=n, ci_low=low, ci_high=high, severity="warning", message=message)


def unknown(name: str, message: str) -> Measurement:
    """What should have been judged and could not be."""
    return Measurement(name=name, value=None, n=0, verdict=Verdict.INCONCLUSIVE, message=message)
