"""Shares with their uncertainty, and the sentences that state them."""

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.proportion import proportion_confint

Z95 = 1.959963984540054


def wilson_interval(count: int, n: int) -> tuple[float, float]:
    """95 % interval of the share count / n (Wilson 1927, statsmodels); n must be positive."""
    low, high = proportion_confint(count, n, alpha=0.05, method="wilson")
    return float(low), float(high)


def ratio_with_interval(numerators: ArrayLike, denominators: ArrayLike) -> tuple[float, float, float]:
    """Ratio of two sums over documents and its 95 % interval, cut at 0.

    R = sum(x) / sum(y), standard error sqrt(n / (n - 1) * sum((x - R y)**2)) / sum(y): the ratio estimator (Cochran,
    Sampling Techniques, 6.3). Tokens or chunks of one document are not independent; documents are.
    """
    x, y = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    ratio = x.sum() / y.sum()
    n = len(x)
    error = np.sqrt(n / max(n - 1, 1) * np.sum((x - ratio * y) ** 2)) / y.sum()
    return float(ratio), float(max(ratio - Z95 * error, 0.0)), float(ratio + Z95 * error)


def percent(share: float) -> str:
    """Write a measured share, such as 15.0 %; enough digits that a small one does not read as zero."""
    return f"{share:.1%}".replace("%", " %") if share == 0 or abs(share) >= 0.001 else f"{100 * share:.2g} %"


def limit_percent(share: float) -> str:
    """Write a limit, such as 2 %; three digits, for one that is one row of 39."""
    return f"{100 * share:.3g} %"
