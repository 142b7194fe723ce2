"""The mean of clustered values, drawn anew many times: the bounds and p-values that follow from it.

Queries about the same document are found or missed together, so whole clusters (documents) are drawn, never queries.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from kbgate.evaluation.clusters import sums_and_counts

BLOCK_DRAWS = 2_000_000
"""Numbers drawn at once, so that memory (16 MB a block) does not grow with resamples times clusters."""
DECIMALS = 9
"""Sums are compared to so many decimals: the order of queries must not decide what is drawn."""


@dataclass(frozen=True)
class ResampledMean:
    """`means`: float64, shape (resamples,); `n_clusters` were drawn for each.

    Few clusters make a percentile interval too narrow, so its quantiles are moved outwards: a share a becomes
    Phi(sqrt(G / (G-1)) * t_{G-1}^-1(a)), G the number of clusters. Source: Hesterberg, What teachers should know about
    the bootstrap, The American Statistician 69(4), 2015 (the expanded percentile interval).
    """

    means: NDArray[np.float64]
    n_clusters: int

    def bound(self, share: float) -> float:
        """The value that a `share` in (0, 1) of samples like this one would lie below: 0.05 is a one-sided lower bound."""
        moved = stats.norm.cdf(stats.t.ppf(share, self.n_clusters - 1) / self._shrinkage)
        return float(np.quantile(self.means, moved))

    def p_below(self, threshold: float) -> float:
        """One-sided p-value of "the true mean is at least `threshold`".

        (1 + number of resampled means that reach the threshold) / (1 + resamples), moved as the bounds are: from five
        clusters on it is below a where `bound(1 - a)` is below the threshold; fewer allow no small p-value.
        """
        reached = np.count_nonzero(self.means >= threshold - 10.0**-DECIMALS)
        return p_value_of((1 + reached) / (1 + self.means.size), self.n_clusters)

    @property
    def _shrinkage(self) -> float:
        return _shrinkage(self.n_clusters)


def p_value_of(share: float, n_clusters: int) -> float:
    """The p-value of `ResampledMean.p_below` where a `share` of the resampled means reach the threshold."""
    return float(stats.t.cdf(stats.norm.ppf(share) * _shrinkage(n_clusters), n_clusters - 1))


def _shrinkage(n_clusters: int) -> float:
    return float(np.sqrt((n_clusters - 1) / n_clusters))


def resample_mean(values: ArrayLike, clusters: ArrayLike, *, resamples: int, seed: int) -> ResampledMean | None:
    """Draw as many clusters as there are, with replacement, `resamples` times; None below two clusters.

    A resampled mean is (sum of the drawn values) / (number of the drawn values). Given differences of paired values, it
    is the difference of the two means. Clusters of equal sum and size are interchangeable, so what is drawn is how often
    each kind of cluster occurs (multinomial). Source: Field, Welsh, Bootstrapping clustered data, JRSS B 69, 2007.

    Args:
        values: float, shape (n,), no NaN.
        clusters: label of each value's cluster, shape (n,); neither the labels nor the order of values matter.
    """
    sums, counts = sums_and_counts(values, clusters)
    n_clusters = sums.size
    if n_clusters < 2:
        return None
    kinds, n_of_kind = np.unique(np.column_stack([sums.round(DECIMALS), counts]), axis=0, return_counts=True)
    random, shares = np.random.default_rng(seed), n_of_kind / n_clusters
    means = np.empty(resamples)
    block = max(1, BLOCK_DRAWS // len(kinds))
    for first in range(0, resamples, block):
        drawn = random.multinomial(n_clusters, shares, size=min(block, resamples - first))
        totals = drawn @ kinds
        means[first : first + len(drawn)] = totals[:, 0] / totals[:, 1]
    return ResampledMean(means, n_clusters)
