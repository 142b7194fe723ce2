"""What clusters of values come to: their sums, their sizes, and how sure the mean over them is."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def sums_and_counts(values: ArrayLike, clusters: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum and number of the values of each cluster, both of shape (n_clusters,).

    Raises:
        ValueError: a value is NaN.
    """
    array = np.asarray(values, dtype=np.float64)
    if np.isnan(array).any():
        raise ValueError("a value is NaN; leave out the queries that could not be measured first")
    labels, codes = np.unique(np.asarray(clusters), return_inverse=True)
    counts = np.bincount(codes, minlength=labels.size).astype(np.int64)
    return np.bincount(codes, weights=array, minlength=labels.size).astype(np.float64), counts


def clustered_standard_error(values: ArrayLike, clusters: ArrayLike) -> float | None:
    """Standard error of the mean of clustered values; None below two clusters.

    sqrt(G / (G-1) * sum over clusters of (sum of (value - mean))²) / n, G the number of clusters; with one value a
    cluster this is sd / sqrt(n). Source: Liang, Zeger, Biometrika 73, 1986.
    """
    sums, counts = sums_and_counts(values, clusters)
    if sums.size < 2:
        return None
    n = counts.sum()
    residuals = sums - counts * (sums.sum() / n)
    return float(np.sqrt(sums.size / (sums.size - 1) * np.square(residuals).sum()) / n)
