"""How far lengths may move from live's before it is a shift and not the luck of a small batch."""

import math

from scipy.stats import chi2, norm

from kbgate.quality.profile import LengthProfile, jensen_shannon_distance, population_stability_index
from kbgate.results import Measurement, Verdict

ALPHA = 0.002
"""Nominal two-sided false-alarm rate of each length check. Lengths are skewed, so the true rate of both checks together
is up to five times as much: 1 % at 30 documents, measured on resampled real collections."""


def allowed_mean_change(limit: float, reference: LengthProfile, n_current: int | None) -> float:
    """Tokens by which the mean may differ: the limit (a share of the reference's mean), or chance if that is more.

    `n_current` is the size of a batch that is a sample (a delta), None for a whole corpus, whose mean is known and not
    estimated. Chance: z(1 - ALPHA / 2) * std * sqrt(1 / n_reference + 1 / n_current), with the reference's std.
    """
    allowed = limit * reference.mean
    if n_current is None or not reference.n:
        return allowed
    spread = reference.std * math.sqrt(1 / reference.n + 1 / max(n_current, 1))
    return max(allowed, float(norm.ppf(1 - ALPHA / 2)) * spread)


def allowed_psi(limit: float, reference: LengthProfile, current: LengthProfile) -> float:
    """The limit of the population stability index, or what chance explains if that is more.

    Without a change PSI / (1 / n_reference + 1 / n_current) follows a chi-squared distribution with (bins - 1) degrees
    of freedom (Yurdakul and Naranjo, Statistical properties of the population stability index, 2020), bins counted where
    there is a text on either side. At 30 documents, 200 in live and 8 bins chance alone reaches 0.88.
    """
    bins = sum(1 for r, c in zip(reference.histogram, current.histogram, strict=True) if r + c)
    noise = 1 / max(reference.n, 1) + 1 / max(current.n, 1)
    return max(limit, float(chi2.ppf(1 - ALPHA, max(bins - 1, 1))) * noise)


def measure_mean_shift(
    name: str, where: str, mean: float, n: int, reference: LengthProfile, allowed_tokens: float, advice: str
) -> Measurement:
    """Relative change of the mean length against live, as an absolute value; `where` says whose mean it is."""
    live = reference.mean
    change, limit = ((mean - live) / live, round(allowed_tokens / live, 10)) if live else (0.0, 0.0)
    message = (
        f"The mean length of {where} is {mean:.0f} tokens against {live:.0f} in live ({100 * change:+.1f} %); "
        f"the limit is {100 * limit:.3g} % either way."
    )
    failed = abs(mean - live) > allowed_tokens
    return _measurement(name, abs(change), limit, n, failed, message, advice)


def measure_psi(
    name: str, where: str, reference: LengthProfile, current: LengthProfile, limit: float, advice: str
) -> Measurement:
    """Population stability index of the lengths against live, with chance allowed for."""
    value = population_stability_index(reference.histogram, current.histogram)
    allowed = allowed_psi(limit, reference, current)
    message = (
        f"The lengths of {where} are distributed with a population stability index of {value:.2f} against live "
        f"(Jensen-Shannon distance {jensen_shannon_distance(reference.histogram, current.histogram):.2f}); "
        f"the limit is {allowed:.2f}."
    )
    return _measurement(name, value, allowed, current.n, value > allowed, message, advice)


def _measurement(name: str, value: float, limit: float, n: int, failed: bool, message: str, advice: str) -> Measurement:
    return Measurement(
        name=name,
        value=value,
        threshold=limit,
        direction="max",
        n=n,
        verdict=Verdict.FAILED if failed else Verdict.PASSED,
        message=message,
        advice=advice if failed else "",
    )
