"""Permuting documents keeps its promise about false alarms; permuting chunks does not."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from clustered_vectors import clustered
from kbgate.drift import permutation
from kbgate.drift.chunk_vectors import ChunkVectors, DocumentSums, sum_by_document
from kbgate.drift.low_similarity import low_similarity_share
from kbgate.drift.permutation import PermutationTest, centroid_distance, new_group_mean, permute_documents

ALPHA, REPEATS = 0.05, 200
TOLERATED = binom(REPEATS, ALPHA).interval(0.999)
"""Alarms among 200 innocent batches that a test of level 0.05 gives, but once in a thousand."""


def sums(chunks: ChunkVectors) -> DocumentSums:
    return sum_by_document(chunks.vectors, chunks.doc_ids)


def chunks_as_documents(chunks: ChunkVectors) -> DocumentSums:
    return DocumentSums(chunks.doc_ids, chunks.vectors.astype(np.float64), np.ones(len(chunks)))


def numbers(values: list[float], name: str) -> DocumentSums:
    column = np.array(values, dtype=float)[:, None]
    return DocumentSums(
        np.array([f"{name}{i}" for i in range(len(values))], dtype=object), column, np.ones(len(values))
    )


def test_innocent_batches_alarm_at_the_rate_promised_though_chunks_cluster() -> None:
    alarms = chunk_alarms = 0
    for repeat in range(REPEATS):
        new, live = clustered(20, 20, seed=2 * repeat, dimension=8), clustered(60, 20, seed=2 * repeat + 1, dimension=8)
        test = permute_documents(sums(new), sums(live), centroid_distance, permutations=199, seed=repeat)
        alarms += test.p_value <= ALPHA
        if repeat < 40:
            wrong = permute_documents(
                chunks_as_documents(new), chunks_as_documents(live), centroid_distance, permutations=99, seed=repeat
            )
            chunk_alarms += wrong.p_value <= ALPHA
    assert TOLERATED[0] <= alarms <= TOLERATED[1]
    assert chunk_alarms >= 38, "permuting chunks alarms nearly always: this is why documents are permuted"


def test_the_low_similarity_share_alarms_at_the_rate_promised() -> None:
    alarms = 0
    for repeat in range(REPEATS):
        new, live = clustered(20, 5, seed=2 * repeat, dimension=8), clustered(60, 5, seed=2 * repeat + 1, dimension=8)
        found = low_similarity_share(new, live, quantile=0.1, permutations=99, seed=repeat)
        assert found
        alarms += found.test.p_value <= ALPHA
    assert alarms <= TOLERATED[1]


def test_another_population_is_seen() -> None:
    seen = 0
    for repeat in range(20):
        new, live = clustered(20, 5, seed=repeat), clustered(60, 5, seed=100 + repeat)
        vectors = new.vectors + np.float32(1)
        moved = sum_by_document(vectors, new.doc_ids)
        seen += permute_documents(moved, sums(live), centroid_distance, permutations=199, seed=1).p_value <= 0.01
    assert seen == 20


def test_random_groups_approach_the_exact_test() -> None:
    new, other = [3.0, 5.0], [1.0, 2.0, 4.0, 0.0]
    groups = [sum(group) / 2 for group in combinations(new + other, 2)]
    exact = sum(mean >= 4 for mean in groups) / len(groups)
    test = permute_documents(numbers(new, "n"), numbers(other, "o"), new_group_mean, permutations=20_000, seed=1)
    assert test.observed == 4
    assert test.p_value == pytest.approx(exact, abs=0.01)


def test_a_p_value_is_never_zero_and_ties_are_no_evidence() -> None:
    extreme = permute_documents(
        numbers([9.0] * 20, "n"), numbers([0.0] * 40, "o"), new_group_mean, permutations=99, seed=1
    )
    assert extreme.p_value == pytest.approx(1 / 100)
    same = permute_documents(numbers([1.0] * 5, "n"), numbers([1.0] * 5, "o"), new_group_mean, permutations=99, seed=1)
    assert same.p_value == 1


def test_two_documents_against_three_can_never_be_significant() -> None:
    few = permute_documents(numbers([9.0] * 2, "n"), numbers([0.0] * 3, "o"), new_group_mean, permutations=999, seed=1)
    assert few.n_groups == 10
    assert few.p_value > 0.05
    assert few.can_reach(0.1)
    assert not few.can_reach(0.05)


def test_blocks_and_seeds_reproduce_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    new, live = sums(clustered(5, 3, seed=1)), sums(clustered(9, 3, seed=2))
    first = permute_documents(new, live, centroid_distance, permutations=100, seed=7)
    monkeypatch.setattr(permutation, "BLOCK_MARKS", 14 * 30)
    again = permute_documents(new, live, centroid_distance, permutations=100, seed=7)
    np.testing.assert_allclose(first.permuted, again.permuted)
    assert len(again.permuted) == 100


@given(
    st.lists(st.integers(0, 20), min_size=99, max_size=99), st.integers(0, 20), st.sampled_from([0.01, 0.05, 0.1, 0.3])
)
def test_beyond_the_critical_value_lies_significance(permuted: list[int], observed: int, alpha: float) -> None:
    test = PermutationTest(float(observed), np.array(permuted, dtype=float), n_groups=100)
    assert (observed > test.critical_value(alpha)) == (test.p_value <= alpha + 1e-9)


def test_more_groups_than_a_float_can_count_are_enough() -> None:
    new, live = sums(clustered(700, 1, seed=1)), sums(clustered(700, 1, seed=2))
    test = permute_documents(new, live, centroid_distance, permutations=19, seed=7)
    assert test.n_groups > 10**400
    assert test.can_reach(0.01)
    assert 0.05 <= test.p_value <= 1
