"""How sure a mean over queries is: 95 % intervals and the smallest drop that would be noticed.

Queries about the same document are found or missed together, so the unit of resampling is the cluster (the document),
not the query.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.proportion import proportion_confint

CONFIDENCE = 0.95
BLOCK_DRAWS = 2_000_000
"""Cluster numbers drawn at once, so that memory (16 MB a block) does not grow with resamples times clusters."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Lower and upper bound of a 95 % interval."""

    low: float
    high: float


def wilson_interval(successes: int, n: int) -> Interval | None:
    """Wilson's 95 % score interval of a proportion; None for n = 0.

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), z = 1.96. Source: Wilson, JASA 22, 1927.
    """
    if n == 0:
        return None
    low, high = proportion_confint(successes, n, alpha=1 - CONFIDENCE, method="wilson")
    return Interval(float(low), float(high))


def cluster_bootstrap(values: ArrayLike, clusters: ArrayLike, *, resamples: int, seed: int) -> Interval | None:
    """Percentile bootstrap of the mean of `values`, drawing whole clusters with replacement; None below two clusters.

    Each resample draws as many clusters as there are and takes (sum of their values) / (number of their values); the
    bounds are its 2.5 % and 97.5 % quantiles. Given differences of paired values, this is the interval of the difference
    of the two means. Source: Field, Welsh, Bootstrapping clustered data, JRSS B 69, 2007.

    Args:
        values: float, shape (n,), no NaN.
        clusters: label of each value's cluster, shape (n,).
    """
    sums, counts = _by_cluster(values, clusters)
    n_clusters = sums.size
    if n_clusters < 2:
        return None
    random = np.random.default_rng(seed)
    means = np.empty(resamples)
    block = max(1, BLOCK_DRAWS // n_clusters)
    for first in range(0, resamples, block):
        drawn = random.integers(0, n_clusters, size=(min(block, resamples - first), n_clusters))
        means[first : first + len(drawn)] = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(low), float(high))


def mean_interval(values: ArrayLike, clusters: ArrayLike, *, resamples: int, seed: int) -> Interval | None:
    """95 % interval of the mean of values in [0, 1]: the cluster bootstrap, or Wilson where that claims certainty.

    When every value is 1 (or 0) all resamples agree and the bootstrap would report an interval of no width; then
    Wilson's interval of "all of the clusters" (or none) is given. None without values.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size and (np.all(array == 0) or np.all(array == 1)):
        n_clusters = np.unique(np.asarray(clusters)).size
        return wilson_interval(n_clusters if array[0] == 1 else 0, n_clusters)
    return cluster_bootstrap(array, clusters, resamples=resamples, seed=seed)


def clustered_standard_error(values: ArrayLike, clusters: ArrayLike) -> float | None:
    """Standard error of the mean of clustered values; None below two clusters.

    sqrt(G / (G-1) * sum over clusters of (sum of (value - mean))²) / n, G the number of clusters; with one value a
    cluster this is sd / sqrt(n). Source: Liang, Zeger, Biometrika 73, 1986.
    """
    sums, counts = _by_cluster(values, clusters)
    if sums.size < 2:
        return None
    n = counts.sum()
    residuals = sums - counts * (sums.sum() / n)
    return float(np.sqrt(sums.size / (sums.size - 1) * np.square(residuals).sum()) / n)


def minimum_detectable_drop(
    candidate: ArrayLike, live: ArrayLike | None, clusters: ArrayLike, *, alpha: float = 0.05, power: float = 0.80
) -> float | None:
    """Smallest true drop of the mean that a one-sided test at `alpha` notices with probability `power`.

    (z_{1-alpha} + z_{power}) * SE, SE the standard error of the paired difference (sd_diff / sqrt(n) when each query is
    its own cluster). Without live the two versions are taken as independent and equally spread, SE = sqrt(2) times the
    candidate's: the worst case, as answers to the same questions go together. SE is never taken below one cluster's
    worth, 1 / G, because a sample without any change does not prove that none is possible. None below two clusters. Source: Webber, Moffat, Zobel, Statistical power in retrieval experimentation, CIKM 2008.
    """
    values = np.asarray(candidate, dtype=np.float64)
    differences = values if live is None else values - np.asarray(live, dtype=np.float64)
    error = clustered_standard_error(differences, clusters)
    if error is None:
        return None
    error = max(error, 1 / np.unique(np.asarray(clusters)).size) * (np.sqrt(2) if live is None else 1.0)
    return float((NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(power)) * error)


def _by_cluster(values: ArrayLike, clusters: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum and number of the values of each cluster."""
    array = np.asarray(values, dtype=np.float64)
    if np.isnan(array).any():
        raise ValueError("a value is NaN; leave out the queries that could not be measured first")
    labels, codes = np.unique(np.asarray(clusters), return_inverse=True)
    counts = np.bincount(codes, minlength=labels.size).astype(np.int64)
    return np.bincount(codes, weights=array, minlength=labels.size).astype(np.float64), counts
