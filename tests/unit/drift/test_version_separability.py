"""One and the same change to many documents is seen, however little each of them moves."""

import numpy as np

from clustered_vectors import clustered
from kbgate.drift.chunk_vectors import ChunkVectors, unit_rows
from kbgate.drift.paired import paired_similarities
from kbgate.drift.version_separability import VersionSeparability, version_separability

BEFORE = clustered(40, 4, seed=1, dimension=64)


def measure(after: ChunkVectors, before: ChunkVectors = BEFORE, moved: float = 0.95) -> VersionSeparability | None:
    return version_separability(before, after, paired_similarities(before, after), moved, seed=1)


def shifted(direction: np.ndarray, by: float) -> ChunkVectors:
    length = np.linalg.norm(direction, axis=-1, keepdims=True)
    return ChunkVectors(unit_rows(BEFORE.vectors + by * direction / length), BEFORE.doc_ids)


ONE_WAY = np.random.default_rng(2).normal(size=(1, 64))


def test_a_change_that_all_share_is_told_apart() -> None:
    after = shifted(ONE_WAY, 0.6)
    median = paired_similarities(BEFORE, after).median
    found = measure(after)
    assert median
    assert found
    assert median > 0.8, "each document still resembles its former self"
    assert found.auc > 0.85
    assert found.n_documents == 40


def test_as_large_a_change_of_each_in_its_own_way_is_not() -> None:
    """An editor who rewrites every page changes each in its own way."""
    own_ways = np.repeat(np.random.default_rng(3).normal(size=(40, 64)), 4, axis=0)
    found = measure(shifted(own_ways, 0.6))
    assert found
    assert found.auc < 0.7


def test_documents_that_hardly_moved_are_left_out() -> None:
    small, large = shifted(ONE_WAY, 0.01), shifted(ONE_WAY, 0.6)
    after = ChunkVectors(np.vstack([large.vectors[:60], small.vectors[60:]]), BEFORE.doc_ids)
    found = measure(after)
    assert found
    assert found.n_documents == 15


def test_below_ten_rewritten_documents_nothing_is_said() -> None:
    assert measure(BEFORE) is None
    few = BEFORE.rows(np.arange(36))
    assert measure(shifted(ONE_WAY, 0.6).rows(np.arange(36)), few) is None


def test_without_changed_documents_nothing_is_said() -> None:
    none = BEFORE.rows(np.arange(0))
    assert measure(none, none) is None
