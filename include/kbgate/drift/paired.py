"""How similar documents still are to their former selves, and how similar two different ones are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.drift.chunk_vectors import ChunkVectors, document_means, require_same_dimension

RANDOM_PAIRS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class PairedSimilarities:
    """Cosine of each document before and after, least similar first: object (n,) and float32 (n,)."""

    doc_ids: NDArray[np.object_]
    similarities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.doc_ids)

    @property
    def median(self) -> float | None:
        """Median cosine; None without documents."""
        return float(np.median(self.similarities)) if len(self) else None


def paired_similarities(before: ChunkVectors, after: ChunkVectors) -> PairedSimilarities:
    """Compare each document that has chunks on both sides: cosine of its re-normalised mean vectors.

    Raises:
        UsageError: the vectors come from two models.
    """
    require_same_dimension(before, after)
    old, new = document_means(before), document_means(after)
    shared, in_old, in_new = np.intersect1d(old.doc_ids, new.doc_ids, assume_unique=True, return_indices=True)
    if not len(shared):
        return PairedSimilarities(shared, np.empty(0, dtype=np.float32))
    similarities = np.einsum("ij,ij->i", old.vectors[in_old], new.vectors[in_new])
    order = np.argsort(similarities, kind="stable")
    return PairedSimilarities(shared[order], np.clip(similarities[order], -1, 1))


def unrelated_similarity(chunks: ChunkVectors, *, seed: int) -> float | None:
    """Median cosine of 20,000 random pairs of different documents: what "nothing in common" is worth in this space.

    0.0 to 0.4 with MiniLM, 0.7 to 0.8 with e5. None below two documents.
    """
    documents = document_means(chunks).vectors
    n = len(documents)
    if n < 2:
        return None
    random = np.random.default_rng(seed)
    first = random.integers(0, n, size=RANDOM_PAIRS)
    second = (first + random.integers(1, n, size=RANDOM_PAIRS)) % n
    return float(np.median(np.einsum("ij,ij->i", documents[first], documents[second])))
