"""Documents keep their neighbours in a space that means the same, and lose them in one that does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustered_vectors import clustered
from kbgate.drift import neighbourhood
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.neighbourhood import neighbourhood_overlap


def turned(chunks: ChunkVectors, dimension: int) -> ChunkVectors:
    """The same chunks in another space: projected by a random matrix, as another model's dimensions would be."""
    matrix = np.random.default_rng(5).normal(size=(chunks.vectors.shape[1], dimension))
    vectors = (
        chunks.vectors @ np.linalg.qr(matrix)[0] if dimension <= chunks.vectors.shape[1] else chunks.vectors @ matrix
    )
    return ChunkVectors(vectors.astype(np.float32), chunks.doc_ids)


def test_a_rotation_keeps_every_neighbour_though_no_cosine_survives() -> None:
    chunks = clustered(60, 3, seed=1)
    found = neighbourhood_overlap(chunks, turned(chunks, 16), 5)
    assert found.mean == pytest.approx(1, abs=0.01)


def test_another_dimension_can_be_compared() -> None:
    chunks = clustered(100, 3, seed=1, dimension=32)
    found = neighbourhood_overlap(chunks, turned(chunks, 24), 5)
    assert found.mean is not None
    assert 0.4 < found.mean < 1


def test_unrelated_spaces_give_what_chance_gives() -> None:
    first, second = clustered(200, 2, seed=1), clustered(200, 2, seed=2)
    second = ChunkVectors(second.vectors, first.doc_ids)
    found = neighbourhood_overlap(first, second, 10)
    assert found.chance == pytest.approx(10 / 199)
    assert found.mean == pytest.approx(found.chance, abs=0.02)


def test_the_document_that_lost_its_neighbours_comes_first() -> None:
    chunks = clustered(60, 2, seed=1)
    vectors = chunks.vectors.copy()
    vectors[20:22] = -vectors[20:22]
    found = neighbourhood_overlap(chunks, ChunkVectors(vectors, chunks.doc_ids), 5)
    assert found.doc_ids[0] == chunks.doc_ids[20]
    assert found.overlaps[0] == 0


def test_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = clustered(40, 2, seed=1), turned(clustered(40, 2, seed=1), 8)
    whole = neighbourhood_overlap(first, second, 5)
    monkeypatch.setattr(neighbourhood, "BLOCK_ROWS", 7)
    np.testing.assert_array_equal(whole.overlaps, neighbourhood_overlap(first, second, 5).overlaps)


@settings(max_examples=30)
@given(st.integers(0, 14), st.integers(0, 12))
def test_too_few_documents_give_no_number(n_documents: int, neighbours: int) -> None:
    chunks = clustered(15, 1, seed=1).rows(np.arange(n_documents))
    found = neighbourhood_overlap(chunks, chunks, neighbours)
    if neighbours < 1 or n_documents <= neighbours + 1:
        assert found.mean is None
        assert len(found) == 0
    else:
        assert found.mean == 1
