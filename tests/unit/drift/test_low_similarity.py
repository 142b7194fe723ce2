"""What counts as a low similarity is learnt from live itself."""

import numpy as np
import pytest

from clustered_vectors import clustered, joined
from kbgate.drift.chunk_vectors import ChunkVectors, unit_rows
from kbgate.drift.low_similarity import LowSimilarityShare, low_similarity_share


def measure(new: ChunkVectors, live: ChunkVectors, similarity: float | None = None) -> LowSimilarityShare:
    found = low_similarity_share(new, live, quantile=0.05, permutations=199, seed=1, similarity=similarity)
    assert found
    return found


def in_a_corner(chunks: ChunkVectors) -> ChunkVectors:
    """The same chunks in a space where everything is similar to everything, as with e5."""
    return ChunkVectors(unit_rows(chunks.vectors + np.float32(0.5)), chunks.doc_ids)


def elsewhere(n_documents: int) -> ChunkVectors:
    """Documents in directions that live does not use."""
    away = clustered(n_documents, 4, seed=9, dimension=16)
    return ChunkVectors(np.hstack([np.zeros_like(away.vectors), away.vectors]), away.doc_ids)


def home(n_documents: int, seed: int) -> ChunkVectors:
    near = clustered(n_documents, 4, seed=seed, dimension=16)
    return ChunkVectors(np.hstack([near.vectors, np.zeros_like(near.vectors)]), near.doc_ids)


def test_live_sets_the_limit_and_holds_its_share_below_it() -> None:
    found = [measure(home(30, seed), home(100, 1000 + seed)) for seed in range(20)]
    assert [each.live_share for each in found] == pytest.approx([0.05] * 20, abs=0.005)
    assert np.mean([each.share for each in found]) == pytest.approx(0.05, abs=0.03)
    assert np.mean([each.test.p_value for each in found]) == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("space", [lambda chunks: chunks, in_a_corner], ids=["spread", "corner"])
def test_another_topic_is_seen_in_any_space(space: type) -> None:
    found = measure(space(elsewhere(30)), space(home(100, 1)))
    assert found.share == 1
    assert found.test.p_value == pytest.approx(1 / 200)
    assert found.interval
    assert found.interval[0] > 0.85


def test_half_another_topic_is_half_the_share() -> None:
    found = measure(joined(home(15, 2), elsewhere(15)), home(100, 1))
    assert found.share == pytest.approx(0.5, abs=0.1)


def test_a_changed_document_is_not_its_own_witness() -> None:
    """Nonsense that replaced 20 documents would look familiar if it were compared with itself."""
    live = joined(home(100, 1), elsewhere(20))
    assert measure(elsewhere(1), live, similarity=0.9).share == 1


def test_the_limit_can_be_set_by_hand() -> None:
    found = measure(home(30, 2), home(100, 1), similarity=0.999)
    assert found.similarity == 0.999
    assert found.share == found.live_share == 1


def test_too_little_to_compare_gives_no_number() -> None:
    live = home(10, 1)
    for new, other in (
        (live.rows(np.arange(0)), live),
        (live, live.rows(np.arange(0))),
        (live, live.rows(np.arange(4))),
    ):
        assert low_similarity_share(new, other, quantile=0.05, permutations=99, seed=1) is None
