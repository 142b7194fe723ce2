from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chunk_tables import with_vectors
from kbgate.stores.exact_search import as_hits, candidates_of, exact_search


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_chunks=st.integers(0, 80),
    n_queries=st.integers(1, 4),
    k=st.integers(1, 90),
    levels=st.sampled_from([2, 3, 1000]),
    cuts=st.lists(st.integers(0, 80), max_size=4),
)
def test_the_k_best_are_those_of_a_full_sort_however_the_chunks_are_cut(seed, n_chunks, n_queries, k, levels, cuts):
    generator = np.random.default_rng(seed)
    vectors = generator.integers(1, 1 + levels, size=(n_chunks, 4)).astype(np.float32)
    queries = generator.integers(1, 1 + levels, size=(n_queries, 4)).astype(np.float32)
    numbers = generator.permutation(n_chunks).tolist()
    bounds = [0, *sorted(min(cut, n_chunks) for cut in cuts), n_chunks]
    batches = [
        with_vectors(numbers[first:last], vectors[first:last]) for first, last in pairwise(bounds) if last > first
    ]
    hits = exact_search(batches, queries, k)
    for row, query in enumerate(queries):
        cosines = [candidates_of(batch, query) for batch in batches]
        full = sorted(((-s, c, d) for batch in cosines for s, c, d in batch))[:k]
        assert hits.chunk_ids[row].tolist() == [c for _, c, _ in full] + [""] * (k - len(full))
        assert hits.doc_ids[row].tolist() == [d for _, _, d in full] + [""] * (k - len(full))
        assert hits.similarities[row, : len(full)].tolist() == [-s for s, _, _ in full]


def test_more_queries_than_one_block_keep_their_order():
    generator = np.random.default_rng(1)
    vectors = generator.normal(size=(1300, 6)).astype(np.float32)
    hits = exact_search([with_vectors(range(1300), vectors)], vectors, 1)
    assert hits.chunk_ids[:, 0].tolist() == [f"chunk-{number:06d}" for number in range(1300)]


def test_values_that_differ_only_beyond_float32_are_ties():
    vectors = np.array([[1, 1e-6], [1, 0]], np.float32)
    hits = exact_search([with_vectors([0, 1], vectors)], np.array([[1, 0]], np.float32), 2)
    assert hits.chunk_ids[0].tolist() == ["chunk-000000", "chunk-000001"]
    assert hits.similarities[0].tolist() == [1, 1]


def test_queries_without_candidates_are_all_padding():
    hits = as_hits([[], [(np.float32(0.5), "c", "d")]], 2)
    assert hits.chunk_ids.tolist() == [["", ""], ["c", ""]]
    assert np.isnan(hits.similarities).tolist() == [[True, True], [False, True]]
