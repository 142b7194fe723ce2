"""The most similar chunk of another set, compared exactly and in blocks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.drift.chunk_vectors import ChunkVectors, require_same_dimension

QUERY_ROWS = 1024
REFERENCE_ROWS = 8192
"""A block of similarities is at most 1024 x 8192 float32 = 32 MB, whatever the size of the two sets."""


@dataclass(frozen=True, slots=True, eq=False)
class NearestChunks:
    """For each chunk its most similar one elsewhere: cosine float32 (n,) and that one's document, object (n,).

    A chunk that had nothing to be compared with has NaN and "".
    """

    similarities: NDArray[np.float32]
    doc_ids: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.similarities)


def nearest_chunks(queries: ChunkVectors, references: ChunkVectors, *, other_documents_only: bool) -> NearestChunks:
    """Find the reference of highest cosine for every query; among equals the first one.

    With `other_documents_only` references of the query's own document are left out: a document does not vouch for itself.

    Raises:
        UsageError: the vectors come from two models.
    """
    require_same_dimension(queries, references)
    n = len(queries)
    best = np.full(n, -np.inf, dtype=np.float32)
    place = np.full(n, -1, dtype=np.intp)
    codes = np.unique(np.concatenate([queries.doc_ids, references.doc_ids]), return_inverse=True)[1]
    query_codes, reference_codes = codes[:n], codes[n:]
    for top in range(0, n, QUERY_ROWS):
        rows = slice(top, min(top + QUERY_ROWS, n))
        for left in range(0, len(references), REFERENCE_ROWS):
            columns = slice(left, left + REFERENCE_ROWS)
            similarities = queries.vectors[rows] @ references.vectors[columns].T
            if other_documents_only:
                np.copyto(similarities, -np.inf, where=query_codes[rows, None] == reference_codes[None, columns])
            found = similarities.argmax(axis=1)
            value = similarities[np.arange(len(found)), found]
            better = value > best[rows]
            best[rows] = np.where(better, value, best[rows])
            place[rows] = np.where(better, found + left, place[rows])
    compared = place >= 0
    doc_ids = np.full(n, "", dtype=object)
    doc_ids[compared] = references.doc_ids[place[compared]]
    return NearestChunks(np.where(compared, np.clip(best, -1, 1), np.nan).astype(np.float32), doc_ids)
