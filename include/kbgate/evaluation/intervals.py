"""95 % intervals of a mean over queries; the unit of resampling is the cluster (the document), not the query."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.proportion import proportion_confint

from kbgate.evaluation.resampled_mean import resample_mean

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """Lower and upper bound of an interval; of 95 % unless it is said otherwise."""

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
    """Bootstrap interval of the mean of `values`, drawing whole clusters with replacement; None below two clusters.

    Given differences of paired values, this is the interval of the difference of the two means. Method and source:
    `kbgate.evaluation.resampled_mean`.
    """
    resampled = resample_mean(values, clusters, resamples=resamples, seed=seed)
    if resampled is None:
        return None
    return Interval(resampled.bound((1 - CONFIDENCE) / 2), resampled.bound((1 + CONFIDENCE) / 2))


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
