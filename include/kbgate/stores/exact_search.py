"""Exact cosine search: the definition of a right answer, shared by all stores."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kbgate.errors import UsageError
from kbgate.records import Hits
from kbgate.stores.chunk_table import vectors_of

Candidate = tuple[np.float32, str, str]
"""Similarity, chunk id, document id."""

_QUERY_ROWS = 512
_SLACK = np.float32(1e-4)
"""More than float32 products of unit vectors of any usual dimension are off by."""


def exact_search(batches: Iterable[pa.Table], queries: NDArray[np.float32], k: int) -> Hits:
    """Compare every query with every chunk of `batches` (columns chunk_id, doc_id, vector) in one pass.

    Similarity is cosine, q . v / (|q| |v|), computed in float64 and rounded to float32; equal float32 values are ties
    and go by chunk id ascending. A float32 product first picks the rows that can matter, which halves the time. Memory
    follows the batch, not the version.
    """
    unit_queries = _normalised(queries)
    rough_queries = unit_queries.astype(np.float32)
    best: list[list[Candidate]] = [[] for _ in range(len(queries))]
    for batch in batches:
        if batch.num_rows == 0:
            continue
        chunk_ids, doc_ids = batch["chunk_id"].to_pylist(), batch["doc_id"].to_pylist()
        unit_vectors = _normalised(vectors_of(batch))
        rough_vectors = unit_vectors.astype(np.float32)
        for first in range(0, len(queries), _QUERY_ROWS):
            rough = rough_queries[first : first + _QUERY_ROWS] @ rough_vectors.T
            # Rows below the batch's own k-th value cannot be among the k best; ties with it are all kept.
            kept = max(len(chunk_ids) - k, 0)
            limits = np.partition(rough, kept, axis=1)[:, kept]
            for number, limit in enumerate(limits, start=first):
                ranked = best[number]
                if len(ranked) == k:
                    limit = max(limit, ranked[-1][0])
                rows = np.flatnonzero(rough[number - first] >= limit - _SLACK)
                similarities = (unit_vectors[rows] @ unit_queries[number]).astype(np.float32)
                new = [
                    (similarity, chunk_ids[row], doc_ids[row])
                    for similarity, row in zip(similarities, rows, strict=True)
                ]
                best[number] = _ranked(ranked + new, k)
    return as_hits(best, k)


def candidates_of(batch: pa.Table, query: NDArray[np.float32]) -> list[Candidate]:
    """Return the chunks that an index found for one query, with similarities as `exact_search` computes them."""
    similarities = (_normalised(vectors_of(batch)) @ _normalised(query[None, :])[0]).astype(np.float32)
    return list(zip(similarities, batch["chunk_id"].to_pylist(), batch["doc_id"].to_pylist(), strict=True))


def as_hits(candidates: Sequence[Sequence[Candidate]], k: int) -> Hits:
    """Return the k best candidates of each query in order, padded with "" and NaN."""
    shape = (len(candidates), k)
    chunk_ids, doc_ids = np.full(shape, "", dtype=object), np.full(shape, "", dtype=object)
    similarities = np.full(shape, np.nan, dtype=np.float32)
    for row, found in enumerate(candidates):
        for column, (similarity, chunk_id, doc_id) in enumerate(_ranked(found, k)):
            chunk_ids[row, column], doc_ids[row, column], similarities[row, column] = chunk_id, doc_id, similarity
    return Hits(chunk_ids, doc_ids, similarities)


def check_queries(queries: NDArray[np.float32], dimension: int, k: int) -> NDArray[np.float32]:
    """Return the queries as contiguous float32.

    Raises:
        UsageError: their shape is not (n_queries, dimension), a value is not finite, or k is below 1.
    """
    if queries.ndim != 2 or queries.shape[1] != dimension:
        raise UsageError(f"Queries have the shape {queries.shape}; this version wants (n_queries, {dimension}).")
    if not np.isfinite(queries).all():
        raise UsageError("A query vector is not finite; find out what the embedding model got for it.")
    if k < 1:
        raise UsageError(f"{k} results were asked for; wanted at least 1.")
    return np.ascontiguousarray(queries, dtype=np.float32)


def _ranked(candidates: Sequence[Candidate], k: int) -> list[Candidate]:
    return sorted(candidates, key=lambda candidate: (-candidate[0], candidate[1]))[:k]


def _normalised(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return wide / np.where(lengths == 0, 1.0, lengths)
