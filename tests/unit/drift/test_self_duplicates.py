"""Near-copies count when they lie in different documents."""

import numpy as np
import pytest

from clustered_vectors import clustered, joined
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.self_duplicates import self_duplicates


def named(chunks: ChunkVectors, doc_id: str) -> ChunkVectors:
    return ChunkVectors(chunks.vectors, np.full(len(chunks), doc_id, dtype=object))


def test_a_batch_that_says_everything_once_has_none() -> None:
    found = self_duplicates(clustered(30, 4, seed=1), 0.98, max_examined=1000, seed=1)
    assert found.share == 0
    assert found.pairs == ()


def test_copies_in_other_documents_are_counted_and_named() -> None:
    chunks = clustered(10, 2, seed=1)
    copied = joined(chunks, named(chunks.rows(np.arange(2)), "copy"))
    found = self_duplicates(copied, 0.98, max_examined=1000, seed=1)
    assert found.share == pytest.approx(4 / 22)
    assert found.pairs == (("copy", chunks.doc_ids[0]),)


def test_copies_within_one_document_do_not_count() -> None:
    chunks = clustered(10, 1, seed=1)
    assert self_duplicates(joined(chunks, chunks), 0.98, max_examined=1000, seed=1).share == 0


def test_an_exact_copy_is_found_when_only_exact_ones_count() -> None:
    chunks = clustered(200, 1, seed=1, dimension=384)
    assert self_duplicates(joined(chunks, named(chunks, "copy")), 1.0, max_examined=1000, seed=1).share == 1


def test_of_a_large_batch_a_sample_is_compared_with_all_of_it() -> None:
    """Examining a part against that part alone would find a tenth of the copies."""
    chunks = clustered(500, 1, seed=1)
    copied = joined(chunks, ChunkVectors(chunks.vectors, np.array([f"copy-{i}" for i in range(500)], dtype=object)))
    found = self_duplicates(copied, 0.98, max_examined=100, seed=1)
    assert len(found.is_duplicate) == len(found.doc_ids) == 100
    assert found.share == 1
    assert len(found.pairs) == 10


def test_an_empty_batch_has_no_share() -> None:
    assert self_duplicates(clustered(3, 1, seed=1).rows(np.arange(0)), 0.98, max_examined=10, seed=1).share is None
