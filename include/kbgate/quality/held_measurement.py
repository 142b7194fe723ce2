"""A number that must not exceed its limit, as every rule of the quality gates reports it."""

from kbgate.results import Measurement, Verdict


def hold_to_most(name: str, value: float, limit: float, n: int, message: str, advice: str) -> Measurement:
    """Return the measurement of `value` against a largest `limit`; `advice` is given only if it failed."""
    passed = value <= limit
    return Measurement(
        name=name,
        value=value,
        threshold=limit,
        direction="max",
        n=n,
        verdict=Verdict.PASSED if passed else Verdict.FAILED,
        message=message,
        advice="" if passed else advice,
    )
