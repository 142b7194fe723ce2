"""How sure a share of chunks is when chunks come in documents."""

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from kbgate.drift.chunk_vectors import sum_by_document


def share_interval(
    marked: NDArray[np.bool_] | NDArray[np.float64], doc_ids: NDArray[np.object_]
) -> tuple[float, float] | None:
    """95 % interval (low, high) of the share of marked chunks; None without chunks.

    A number in [0, 1] a document, in place of marks of its chunks, gives the interval of the mean over documents.

    Wilson's score interval with the effective sample size n_e = p (1 - p) / v instead of the number of chunks, where
    v = m / (m - 1) * sum over the m documents of (marked - p * chunks)² / n² is the variance of a ratio of document sums;
    n_e is kept between the number of documents and of chunks. With no chunk marked, or all, or one document, n_e = m.
    Sources: Wilson, JASA 22, 1927; Kish, Survey Sampling, 1965 (effective sample size, ratio estimator).
    """
    n = len(marked)
    if not n:
        return None
    documents = sum_by_document(marked.astype(np.float64), doc_ids)
    share, m = float(marked.mean()), len(documents)
    effective = float(m)
    if m > 1 and 0 < share < 1:
        residuals = documents.sums[:, 0] - share * documents.counts
        variance = m / (m - 1) * float(residuals @ residuals) / n**2
        effective = float(np.clip(share * (1 - share) / variance, m, n)) if variance > 0 else float(n)
    low, high = proportion_confint(share * effective, effective, alpha=0.05, method="wilson")
    return float(low), float(high)
