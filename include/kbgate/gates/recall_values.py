"""The shapes of the recall gate's measurements: a value that is judged, and one that is only shown."""

from typing import Any, Literal

from kbgate.evaluation.intervals import Interval
from kbgate.results import Measurement, Verdict

ROUNDING = 1e-9
"""A mean of thirds that is the threshold but for the last bit of a float has reached it."""


def held(
    name: str,
    value: float | None,
    direction: Literal["min", "max"],
    threshold: float,
    n: int,
    verdict: Verdict,
    message: str,
    advice: str = "",
    interval: Interval | None = None,
) -> Measurement:
    """A value that is judged by `threshold`; the advice is left out if it passed."""
    return Measurement(
        name=name,
        value=value,
        threshold=threshold,
        direction=direction,
        n=n,
        **_ends(interval),
        verdict=verdict,
        message=message,
        advice="" if verdict is Verdict.PASSED else advice,
    )


def shown(name: str, value: float | None, n: int, message: str, interval: Interval | None = None) -> Measurement:
    """A number that is not judged; "warning" keeps it out of the verdict."""
    return Measurement(name=name, value=value, n=n, **_ends(interval), severity="warning", message=message)


def sample(n: int, interval: Interval | None) -> str:
    """What a number rests on, for a sentence."""
    return f"n = {n}, 95 % interval {interval.low:.2f} to {interval.high:.2f}" if interval else f"n = {n}"


def percent(share: float) -> str:
    """A share in [0, 1] for a sentence."""
    return f"{100 * share:.1f} %"


def _ends(interval: Interval | None) -> dict[str, Any]:
    return {"ci_low": interval.low if interval else None, "ci_high": interval.high if interval else None}
