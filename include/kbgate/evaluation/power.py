"""How large a true drop of recall must be for the comparison with live to hold it, and how many questions would tell.

A sample without any change does not prove that none is possible, so the variance is that under the drop itself. Of
differences in [-1, 1] whose mean is -d and whose mean square is at most d + churn it is min(d + churn, 1) - d², churn being
what the answers to other questions move up and down besides. A mean of n values drawn in G clusters is as spread as one of
n independent values if questions are lost one by one, and of n² / (sum of the squared cluster sizes) if documents are lost
whole; of both, the drop is given that is harder to see. Source of the design effect: Kish, Survey Sampling, 1965.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from kbgate.evaluation.clusters import clustered_standard_error, sums_and_counts
from kbgate.evaluation.resampled_mean import p_value_of

POWER = 0.80
ALPHA = 0.05


def drop_held_by_non_inferiority(differences: ArrayLike, clusters: ArrayLike, margin: float) -> float | None:
    """Smallest true drop that is held with 80 % power by "the one-sided 95 % lower bound must be above -margin".

    It is less than the margin: c + t_{.95, G-1} SE(c) = margin is the least drop in the sample that is held, and a true
    drop d with d - z_{.80} SE(d) = c reaches it four times in five. 0 where even an unchanged recall would be held so
    often. None below two clusters.

    Args:
        differences: candidate minus live of each query, shape (n,); zeros if there is nothing to compare with.
        clusters: label of each query's cluster, shape (n,).
    """
    return _harder_to_see(differences, clusters, margin, ALPHA, sign=1)


def drop_failed_as_inferior(
    differences: ArrayLike, clusters: ArrayLike, margin: float, *, alpha: float, resamples: int
) -> float | None:
    """Smallest true drop for which "the true difference is at least -margin" is refused at `alpha` with 80 % power.

    It is more than the margin: c - t_{1-alpha, G-1} SE(c) = margin, then d - z_{.80} SE(d) = c. A few documents lost whole
    are a coarse sample, for which the test is computed as it is (`_documents_lost_whole`). None where no drop is refused:
    below two clusters, and where so few of them are drawn anew that no p-value falls below `alpha`.
    """
    whole = _documents_lost_whole(clusters, margin, alpha, resamples)
    by_error = _harder_to_see(differences, clusters, margin, alpha, sign=-1)
    return None if whole is None or by_error is None else max(whole, by_error)


def queries_wanted(differences: ArrayLike, clusters: ArrayLike, margin: float) -> int | None:
    """How many queries like these show with 80 % power that a candidate as good as live is not `margin` below it.

    n ((z_{.95} + z_{.80}) SE / margin)², SE the clustered standard error of the mean difference; it falls with the root of
    n if the questions added are about further documents. None below two clusters.
    """
    error, n = clustered_standard_error(differences, clusters), np.asarray(differences).size
    if error is None:
        return None
    return math.ceil(n * ((stats.norm.ppf(1 - ALPHA) + stats.norm.ppf(POWER)) * error / margin) ** 2)


def _harder_to_see(differences: ArrayLike, clusters: ArrayLike, margin: float, alpha: float, sign: int) -> float | None:
    values = np.asarray(differences, dtype=np.float64)
    _, counts = sums_and_counts(values, clusters)
    if counts.size < 2:
        return None
    churn = max(0.0, float(np.square(values).mean() - abs(values.mean())))
    quantile = float(stats.t.ppf(1 - alpha, counts.size - 1))
    sizes = (float(values.size), float(values.size**2 / np.square(counts).sum()))
    return max(_true_drop(churn, size, margin, sign * quantile) for size in sizes)


def _true_drop(churn: float, n: float, margin: float, quantile: float) -> float:
    """d with d - z_{.80} SE(d) = c, where c + quantile * SE(c) = margin; 0 if that is negative."""

    def error(drop: float) -> float:
        return math.sqrt(max(0.0, min(abs(drop) + churn, 1.0) - drop**2) / n)

    in_sample = _root(lambda drop: drop + quantile * error(drop) - margin, -1.0)
    return _root(lambda drop: drop - float(stats.norm.ppf(POWER)) * error(drop) - in_sample, 0.0)


def _documents_lost_whole(clusters: ArrayLike, margin: float, alpha: float, resamples: int) -> float | None:
    """The true share of documents lost, of n as large ones, of which at least k are lost with 80 % power.

    k is the smallest number whose loss is refused: of k lost, a resample holds Binomial(n, k / n), and reaches the margin
    where these are n * margin at most. The power is that of Binomial(n, d), so d is a quantile of Beta(k, n - k + 1).
    """
    _, counts = sums_and_counts(np.zeros(np.size(clusters)), clusters)
    if counts.size < 2:
        return None
    n = round(counts.sum() ** 2 / np.square(counts).sum())
    for k in range(1, n + 1):
        reached = float(stats.binom.cdf(math.floor(n * margin + 1e-9), n, k / n))
        if p_value_of(max(reached, 1 / (1 + resamples)), counts.size) < alpha:
            return float(stats.beta.ppf(POWER, k, n - k + 1))
    return None


def _root(rises: Callable[[float], float], low: float) -> float:
    """The largest value in [low, 1] where a function crosses zero upwards; `low` where it is positive throughout."""
    grid = np.linspace(low, 1.0, 401)
    below = np.flatnonzero([rises(value) < 0 for value in grid])
    if not below.size:
        return low
    if below[-1] == grid.size - 1:
        return 1.0
    return float(optimize.brentq(rises, grid[below[-1]], grid[below[-1] + 1]))
