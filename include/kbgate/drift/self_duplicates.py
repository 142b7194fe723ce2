"""How much of a batch says the same as another document of the batch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.nearest import nearest_chunks


@dataclass(frozen=True, slots=True, eq=False)
class SelfDuplicates:
    """`is_duplicate` (n,) marks the examined chunks with a near-copy in another document; `doc_ids` (n,) theirs.

    `pairs` are up to ten documents with the document that holds the near-copy.
    """

    is_duplicate: NDArray[np.bool_]
    doc_ids: NDArray[np.object_]
    pairs: tuple[tuple[str, str], ...]

    @property
    def share(self) -> float | None:
        """Share of the examined chunks; None without chunks."""
        return float(self.is_duplicate.mean()) if len(self.is_duplicate) else None


def self_duplicates(chunks: ChunkVectors, similarity: float, *, max_examined: int, seed: int) -> SelfDuplicates:
    """Look for chunks whose cosine to a chunk of another document of the same set is at least `similarity`.

    At most `max_examined` chunks, drawn at random, are compared with all; the share estimates that of the whole set.
    """
    examined = chunks
    if len(chunks) > max_examined:
        drawn = np.random.default_rng(seed).choice(len(chunks), size=max_examined, replace=False)
        examined = chunks.rows(np.sort(drawn))
    nearest = nearest_chunks(examined, chunks, other_documents_only=True)
    # Float32 rounding must not hide an exact copy when the limit is 1.
    is_duplicate = nearest.similarities >= similarity - 1e-6
    copies = zip(examined.doc_ids[is_duplicate], nearest.doc_ids[is_duplicate], strict=True)
    pairs = sorted({(min(pair), max(pair)) for pair in copies})
    return SelfDuplicates(is_duplicate, examined.doc_ids, tuple(pairs[:10]))
