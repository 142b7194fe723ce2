"""Synthetic chunk vectors whose chunks cluster in documents, for the drift tests."""

import numpy as np

from kbgate.drift.chunk_vectors import ChunkVectors, unit_rows


def clustered(
    n_documents: int, chunks_each: int, seed: int, *, dimension: int = 16, spread: float = 0.3, name: str = "doc"
) -> ChunkVectors:
    """Documents drawn from one population: a random direction each, and its chunks within `spread` of it."""
    random = np.random.default_rng(seed)
    centres = np.repeat(random.normal(size=(n_documents, dimension)), chunks_each, axis=0)
    vectors = unit_rows(centres + spread * random.normal(size=centres.shape))
    doc_ids = np.repeat([f"{name}-{seed}-{i:03}" for i in range(n_documents)], chunks_each).astype(object)
    return ChunkVectors(vectors, doc_ids)


def joined(*parts: ChunkVectors) -> ChunkVectors:
    """One set of chunks from several."""
    return ChunkVectors(np.vstack([p.vectors for p in parts]), np.concatenate([p.doc_ids for p in parts]))
