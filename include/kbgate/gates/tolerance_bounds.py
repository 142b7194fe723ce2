"""Upper bounds of what a further run will measure, from the runs that were accepted, and how often they are exceeded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import beta, binom, nct, norm

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class AlarmRate:
    """Share of further runs beyond a limit: `expected` at most, and an interval of 95 %; times runs a month, alarms a month."""

    expected: float
    low: float
    high: float

    def times(self, factor: float) -> "AlarmRate":
        """The same for another unit of time."""
        return AlarmRate(self.expected * factor, self.low * factor, self.high * factor)


@cache
def runs_beyond(n: int, rate: float) -> int | None:
    """How many of n runs may lie beyond a limit that at most `rate` of further runs exceed, 95 % sure; None if n is too small.

    The largest j with P(B <= rate) >= 0.95, B ~ Beta(j + 1, n - j): the limit is the (j + 1)-th largest value, whatever the
    distribution (Wilks, Annals of Mathematical Statistics 12, 1941). At j = 0 this wants n >= ln 0.05 / ln(1 - rate).
    """
    fitting = [j for j in range(n) if beta.cdf(rate, j + 1, n - j) >= CONFIDENCE]
    return fitting[-1] if fitting else None


def normal_bound(values: Sequence[float], rate: float) -> float:
    """mean + k s, which 1 - `rate` of further values stay below with 95 % confidence if they are normal; needs two values.

    k = t / sqrt(n), t the 0.95 quantile of the noncentral t distribution with n - 1 degrees of freedom and noncentrality
    z(1 - rate) sqrt(n); s with n - 1 (Hahn and Meeker, Statistical Intervals, 1991).
    """
    array = np.asarray(values, dtype=np.float64)
    spread = float(array.std(ddof=1))
    return float(array.mean()) + (tolerance_factor(len(array), rate) * spread if spread else 0.0)


@cache
def tolerance_factor(n: int, rate: float) -> float:
    """k of `normal_bound`, for n >= 2 values."""
    return float(nct.ppf(CONFIDENCE, n - 1, norm.ppf(1 - rate) * math.sqrt(n)) / math.sqrt(n))


def count_bound(counts: Sequence[float], sizes: Sequence[int], rate: float) -> float:
    """Share of a batch that `rate` of further batches exceed if rows are faulty independently of one another; never below one row.

    The upper 95 % bound of the pooled share (Clopper and Pearson, Biometrika 26, 1934) gives the binomial quantile for the
    smallest batch, in which one row is the largest share. It speaks where every run measured 0 and no spread is seen.
    """
    total, smallest = int(sum(sizes)), int(min(sizes))
    found = min(round(sum(counts)), total)
    share = 1.0 if found == total else float(beta.ppf(CONFIDENCE, found + 1, total - found))
    allowed = max(1.0, float(binom.ppf(1 - rate, smallest, share)))
    return min(allowed / smallest, 1.0)


def alarm_rate(n_beyond: int, n: int) -> AlarmRate:
    """Share of further runs beyond a limit that is no stricter than the (n_beyond + 1)-th largest of n values.

    The share beyond that value is at most Beta(n_beyond + 1, n - n_beyond), exactly so for continuous values: its mean is
    (n_beyond + 1) / (n + 1), and its 0.95 quantile bounds it from above. No form of distribution is assumed, only that
    further runs are like these. A looser limit may never be exceeded, so the interval begins at 0.
    """
    if n_beyond >= n:
        return AlarmRate(1.0, 0.0, 1.0)
    return AlarmRate((n_beyond + 1) / (n + 1), 0.0, float(beta.ppf(CONFIDENCE, n_beyond + 1, n - n_beyond)))
