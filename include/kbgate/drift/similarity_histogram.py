"""How similar new chunks are to their nearest neighbour in live, counted in bins for a figure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS_OF_ONE = 20
"""Bins between cosine 0 and 1; round numbers, the same in every run, so that figures can be laid side by side."""


@dataclass(frozen=True, slots=True)
class SimilarityHistogram:
    """Number of chunks in each bin of cosine, steps of 0.05 from 0, or from below the smallest negative value, to 1.

    `counts[i]` are new chunks in [edges[i], edges[i + 1]), the last bin with its upper edge; `reference_counts` are live's
    own chunks against live's other documents, None if unknown. `n_unmeasured` new chunks had nothing to be compared with.
    Below `threshold` a chunk counts as unlike live; None if no limit is known.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    reference_counts: tuple[int, ...] | None
    threshold: float | None
    n_unmeasured: int


def similarity_histogram(
    new: ArrayLike, reference: ArrayLike | None = None, threshold: float | None = None
) -> SimilarityHistogram:
    """Count the cosines of new chunks and, in the same bins, of live's own; NaN is left out."""
    ours, theirs = _finite(new), None if reference is None else _finite(reference)
    lowest = min((float(values.min()) for values in (ours, theirs) if values is not None and values.size), default=0.0)
    first = min(0, int(np.floor(lowest * BINS_OF_ONE)))
    edges = np.arange(first, BINS_OF_ONE + 1) / BINS_OF_ONE
    return SimilarityHistogram(
        edges=tuple(edges.tolist()),
        counts=_counts(ours, edges),
        reference_counts=None if theirs is None else _counts(theirs, edges),
        threshold=threshold,
        n_unmeasured=np.asarray(new).size - ours.size,
    )


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    # Float32 may leave a cosine a hair above 1.
    array = np.minimum(np.asarray(values, dtype=np.float64), 1.0)
    return array[np.isfinite(array)]


def _counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(np.histogram(values, edges)[0].tolist())
