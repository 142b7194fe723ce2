"""Whether documents keep their neighbours when the embedding model changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.drift.chunk_vectors import ChunkVectors, document_means

BLOCK_ROWS = 512


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourhoodOverlap:
    """Share of common neighbours of each document, least first: object (n,), float64 (n,); `chance` is what luck gives."""

    doc_ids: NDArray[np.object_]
    overlaps: NDArray[np.float64]
    neighbours: int

    def __len__(self) -> int:
        return len(self.doc_ids)

    @property
    def mean(self) -> float | None:
        """Mean overlap in [0, 1]; None without documents."""
        return float(self.overlaps.mean()) if len(self) else None

    @property
    def chance(self) -> float | None:
        """Expected overlap of neighbours drawn at random: k / (n - 1); None below two documents."""
        return self.neighbours / (len(self) - 1) if len(self) > 1 else None


def neighbourhood_overlap(before: ChunkVectors, after: ChunkVectors, neighbours: int) -> NeighbourhoodOverlap:
    """Compare the k nearest documents of each document in two spaces, which may differ in model and dimension.

    |N_before(d) ∩ N_after(d)| / k over the documents that both sides have; a document is the re-normalised mean of its
    chunks. With k = 0, or k or fewer other documents, there is nothing to choose from and the result is empty.
    """
    return neighbourhood_overlaps(before, after, (neighbours,))[0]


def neighbourhood_overlaps(
    before: ChunkVectors, after: ChunkVectors, neighbours: Sequence[int]
) -> tuple[NeighbourhoodOverlap, ...]:
    """The same for several k at the price of the largest."""
    old, new = document_means(before), document_means(after)
    shared, in_old, in_new = np.intersect1d(old.doc_ids, new.doc_ids, assume_unique=True, return_indices=True)
    largest = max((k for k in neighbours if 1 <= k < len(shared) - 1), default=0)
    first = _nearest_documents(old.vectors[in_old], largest)
    second = _nearest_documents(new.vectors[in_new], largest)
    found = []
    for k in neighbours:
        if not 1 <= k <= largest:
            found.append(NeighbourhoodOverlap(shared[:0], np.empty(0), k))
            continue
        overlaps = np.array(
            [len(np.intersect1d(ours, theirs)) / k for ours, theirs in zip(first[:, :k], second[:, :k], strict=True)]
        )
        order = np.argsort(overlaps, kind="stable")
        found.append(NeighbourhoodOverlap(shared[order], overlaps[order], k))
    return tuple(found)


def _nearest_documents(vectors: NDArray[np.float32], neighbours: int) -> NDArray[np.intp]:
    """Row numbers of the k most similar other rows, best first, shape (n, k); ties by row number."""
    if not neighbours:
        return np.empty((len(vectors), 0), dtype=np.intp)
    found = []
    for first in range(0, len(vectors), BLOCK_ROWS):
        similarities = vectors[first : first + BLOCK_ROWS] @ vectors.T
        rows = np.arange(len(similarities))
        similarities[rows, rows + first] = -np.inf
        found.append(np.argsort(-similarities, axis=1, kind="stable")[:, :neighbours])
    return np.concatenate(found)
