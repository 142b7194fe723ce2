"""What a golden set can see: the smallest drop that would be noticed, and how many questions a margin needs."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from kbgate.evaluation.clusters import clustered_standard_error

POWER = 0.80


def minimum_detectable_drop(
    candidate: ArrayLike, live: ArrayLike | None, clusters: ArrayLike, *, alpha: float = 0.05, power: float = POWER
) -> float | None:
    """Smallest true drop of the mean that a one-sided test at `alpha` notices with probability `power`.

    (z_{1-alpha} + z_{power}) * SE, SE the standard error of the paired difference (sd_diff / sqrt(n) when each query is
    its own cluster). Without live the two versions are taken as independent and equally spread, SE = sqrt(2) times the
    candidate's: the worst case, as answers to the same questions go together. SE is never taken below one cluster's
    worth, 1 / G, because a sample without any change does not prove that none is possible. None below two clusters.
    Source: Webber, Moffat, Zobel, Statistical power in retrieval experimentation, CIKM 2008.
    """
    values = np.asarray(candidate, dtype=np.float64)
    differences = values if live is None else values - np.asarray(live, dtype=np.float64)
    error = clustered_standard_error(differences, clusters)
    if error is None:
        return None
    error = max(error, 1 / np.unique(np.asarray(clusters)).size) * (np.sqrt(2) if live is None else 1.0)
    return float((NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(power)) * error)


def queries_wanted(n: int, detectable: float, margin: float) -> int:
    """How many queries like these n notice a drop of `margin`, where n notice one of `detectable`: n (detectable / margin)².

    The standard error falls with the root of n, if the questions added are about further documents.
    """
    return math.ceil(n * (detectable / margin) ** 2)
