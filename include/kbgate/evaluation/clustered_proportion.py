"""Whether a mean of values in [0, 1] lies above or below a floor, when values come in clusters.

The n values are worth fewer independent ones: n_eff = p(1-p) / SE², p their mean and SE its clustered standard error, at
most n, times (z_a / t_{a, G-1})² because SE itself is estimated from G clusters; where every value is the same, n_eff = G.
Source: Korn, Graubard, Confidence intervals for proportions with small expected number of positive counts estimated from
survey data, Survey Methodology 24(2), 1998.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from kbgate.evaluation.clusters import clustered_standard_error

ALPHA = 0.05


def lower_bound(values: ArrayLike, clusters: ArrayLike, alpha: float = ALPHA) -> float | None:
    """One-sided lower bound (confidence 1 - `alpha`) of the mean: Wilson's with n_eff values; None below two clusters.

    With a query a cluster, a floor of 0.85 is reached by 91 of 100, 179 of 200 and 352 of 400.
    """
    array = np.asarray(values, dtype=np.float64)
    n = _effective_size(array, clusters, alpha)
    if n is None:
        return None
    low, _ = proportion_confint(array.mean() * n, n, alpha=2 * alpha, method="wilson")
    return float(low)


def p_below(values: ArrayLike, clusters: ArrayLike, floor: float, alpha: float = ALPHA) -> float | None:
    """One-sided p-value of "the true mean is at least `floor`": the exact binomial tail of n_eff values; None below two clusters.

    P(X <= p n_eff), X ~ Binomial(n_eff, floor), through the incomplete beta function since n_eff is not whole. Exact,
    because a slice has few queries and few misses, where Wilson's normal approximation says "below" too easily.
    """
    array = np.asarray(values, dtype=np.float64)
    n = _effective_size(array, clusters, alpha)
    if n is None:
        return None
    found = float(array.mean()) * n
    return 1.0 if found >= n else float(stats.beta.sf(floor, found + 1, n - found))


def _effective_size(values: NDArray[np.float64], clusters: ArrayLike, alpha: float) -> float | None:
    """How many independent values these are worth."""
    error, mean = clustered_standard_error(values, clusters), float(np.mean(values)) if values.size else 0.0
    if error is None:
        return None
    n_clusters = np.unique(np.asarray(clusters)).size
    if np.all(values == values[0]) and mean in (0.0, 1.0):
        return float(n_clusters)
    correction = (stats.norm.ppf(alpha) / stats.t.ppf(alpha, n_clusters - 1)) ** 2
    independent = mean * (1 - mean) / error**2 if error > 0 else np.inf
    return float(min(independent, values.size) * correction)
