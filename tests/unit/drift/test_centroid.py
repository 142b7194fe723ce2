"""The centroid similarity is the cosine of two mean vectors."""

import numpy as np
import pytest

from clustered_vectors import clustered
from kbgate.drift.centroid import centroid_similarity
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.errors import UsageError


def chunks(*vectors: list[float]) -> ChunkVectors:
    return ChunkVectors(np.array(vectors, np.float32), np.array([f"d{i}" for i in range(len(vectors))], dtype=object))


def test_it_is_one_for_the_same_chunks_and_zero_for_orthogonal_ones() -> None:
    some = clustered(5, 3, seed=1)
    assert centroid_similarity(some, some) == pytest.approx(1)
    assert centroid_similarity(chunks([1, 0], [1, 0]), chunks([0, 1])) == pytest.approx(0)
    assert centroid_similarity(chunks([1, 0], [0, 1]), chunks([1, 0])) == pytest.approx(2**-0.5)


def test_an_empty_side_or_a_mean_of_zero_has_no_direction() -> None:
    some = chunks([1, 0])
    assert centroid_similarity(some, some.rows(np.array([False]))) is None
    assert centroid_similarity(some, chunks([1, 0], [-1, 0])) is None


def test_two_models_are_refused() -> None:
    with pytest.raises(UsageError, match="two embedding models"):
        centroid_similarity(clustered(2, 1, seed=1), clustered(2, 1, seed=1, dimension=4))
