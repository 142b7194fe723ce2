"""A draw out of live gives what measuring the drawn documents against the rest gives."""

import numpy as np
import pytest

from clustered_vectors import clustered
from kbgate.drift import null_batches as module
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.low_similarity import low_similarity_share
from kbgate.drift.null_batches import null_batches

LIVE = clustered(40, 4, seed=1, dimension=8)
NAMES = np.unique(LIVE.doc_ids)


def measured_plainly(drawn: set[str], live: ChunkVectors, similarity: float | None) -> float:
    rest = live.of_documents(set(live.doc_ids) - drawn)
    found = low_similarity_share(
        live.of_documents(drawn), rest, quantile=0.05, permutations=99, seed=1, similarity=similarity
    )
    assert found
    return found.share


@pytest.mark.parametrize("similarity", [None, 0.7])
def test_shares_are_those_of_a_plain_measurement_of_the_same_documents(similarity: float | None) -> None:
    null = null_batches(LIVE)
    shares = null.shares(12, 30, quantile=0.05, similarity=similarity, seed=3)
    random = np.random.default_rng([3, 12])
    expected = [
        measured_plainly(set(NAMES[random.choice(40, size=12, replace=False)]), LIVE, similarity) for _ in range(30)
    ]
    np.testing.assert_allclose(shares, expected)
    assert len(set(shares)) > 5


def test_half_of_live_is_measured_right_although_only_some_neighbours_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = null_batches(LIVE).shares(20, 50, quantile=0.05, similarity=None, seed=1)
    monkeypatch.setattr(module, "NEIGHBOUR_DOCUMENTS", 39)
    np.testing.assert_allclose(whole, null_batches(LIVE).shares(20, 50, quantile=0.05, similarity=None, seed=1))


def test_where_no_remembered_neighbour_is_left_the_farthest_one_bounds_the_score(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = null_batches(LIVE).shares(20, 50, quantile=0.05, similarity=0.7, seed=1)
    monkeypatch.setattr(module, "NEIGHBOUR_DOCUMENTS", 1)
    bounded = null_batches(LIVE).shares(20, 50, quantile=0.05, similarity=0.7, seed=1)
    assert (bounded <= right).all()


def test_blocks_and_seeds_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first = null_batches(LIVE).shares(10, 20, quantile=0.05, similarity=None, seed=1)
    monkeypatch.setattr(module, "BLOCK_NUMBERS", 7 * len(LIVE))
    np.testing.assert_allclose(first, null_batches(LIVE).shares(10, 20, quantile=0.05, similarity=None, seed=1))
    assert not np.array_equal(first, null_batches(LIVE).shares(10, 20, quantile=0.05, similarity=None, seed=2))


def test_the_order_of_chunks_does_not_matter() -> None:
    order = np.random.default_rng(5).permutation(len(LIVE))
    first, other = null_batches(LIVE), null_batches(LIVE.rows(order))
    how = {"quantile": 0.05, "similarity": None, "seed": 1}
    np.testing.assert_allclose(first.shares(10, 20, **how), other.shares(10, 20, **how))


def test_a_batch_about_one_topic_lies_farther_from_the_rest_than_any_documents() -> None:
    """Ten families of six near documents each: a family that comes whole has no near neighbour."""
    centres = np.repeat(np.random.default_rng(1).normal(size=(10, 32)), 6, axis=0)
    noise = 0.3 * np.random.default_rng(2).normal(size=centres.shape)
    vectors = (centres + noise) / np.linalg.norm(centres + noise, axis=1, keepdims=True)
    families = ChunkVectors(vectors.astype(np.float32), np.array([f"doc-{i:02}" for i in range(60)], dtype=object))
    null = null_batches(families)
    how = {"quantile": 0.05, "similarity": None, "seed": 1}
    assert null.shares(6, 50, one_topic=True, **how).mean() > 0.9
    assert null.shares(6, 50, **how).mean() < 0.2
