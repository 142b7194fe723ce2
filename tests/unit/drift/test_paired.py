"""Changed documents are compared with their former selves, least similar first."""

import numpy as np
import pytest

from clustered_vectors import clustered, joined
from kbgate.drift.chunk_vectors import ChunkVectors, unit_rows
from kbgate.drift.paired import paired_similarities, unrelated_similarity


def test_the_document_that_changed_most_comes_first() -> None:
    before = clustered(8, 4, seed=1)
    vectors = before.vectors.copy()
    vectors[8:12] = clustered(1, 4, seed=99).vectors
    after = ChunkVectors(vectors, before.doc_ids)
    found = paired_similarities(before, after)
    assert found.doc_ids[0] == before.doc_ids[8]
    assert found.similarities[0] < 0.9
    np.testing.assert_allclose(found.similarities[1:], 1, atol=1e-6)
    assert found.median == pytest.approx(1)


def test_another_number_of_chunks_does_not_matter() -> None:
    before = clustered(5, 4, seed=1)
    after = joined(before, before.rows(np.arange(0, 20, 4)))
    assert paired_similarities(before, after).similarities.min() > 0.95


def test_only_documents_of_both_sides_are_compared() -> None:
    before, after = clustered(3, 2, seed=1), clustered(3, 2, seed=2)
    found = paired_similarities(before, after)
    assert len(found) == 0
    assert found.median is None
    assert list(paired_similarities(before, joined(after, before.rows(np.arange(2)))).doc_ids) == [before.doc_ids[0]]


def test_unrelated_documents_set_the_zero_of_the_scale() -> None:
    apart = clustered(200, 2, seed=1, dimension=64)
    assert unrelated_similarity(apart, seed=1) == pytest.approx(0, abs=0.02)
    # A model that puts everything into one corner, as e5 does.
    corner = ChunkVectors(unit_rows(apart.vectors + np.float32(0.25)), apart.doc_ids)
    assert unrelated_similarity(corner, seed=1) == pytest.approx(0.8, abs=0.05)
    assert unrelated_similarity(apart.rows(np.arange(2)), seed=1) is None
