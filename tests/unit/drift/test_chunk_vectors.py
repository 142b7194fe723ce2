"""Chunks are added up by document, whatever their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustered_vectors import clustered
from kbgate.drift.chunk_vectors import ChunkVectors, document_means, require_same_dimension, sum_by_document, unit_rows
from kbgate.errors import UsageError


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(-9, 9)), max_size=30))
def test_sums_and_counts_are_those_of_a_plain_loop(rows: list[tuple[str, int]]) -> None:
    doc_ids = np.array([doc_id for doc_id, _ in rows], dtype=object)
    found = sum_by_document(np.array([value for _, value in rows], dtype=float), doc_ids)
    expected: dict[str, list[int]] = {}
    for doc_id, value in rows:
        expected.setdefault(doc_id, []).append(value)
    assert list(found.doc_ids) == sorted(expected)
    assert found.sums[:, 0].tolist() == [sum(expected[doc_id]) for doc_id in sorted(expected)]
    assert found.counts.tolist() == [len(expected[doc_id]) for doc_id in sorted(expected)]


def test_a_document_is_the_unit_mean_of_its_chunks_in_any_order() -> None:
    chunks = clustered(6, 4, seed=1)
    shuffled = chunks.rows(np.random.default_rng(0).permutation(len(chunks)))
    means = document_means(shuffled)
    assert list(means.doc_ids) == sorted(set(chunks.doc_ids))
    np.testing.assert_allclose(np.linalg.norm(means.vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(means.vectors, document_means(chunks).vectors, atol=1e-6)
    assert means.vectors[0] @ chunks.vectors[0] > 0.9


def test_a_row_of_zeros_stays_zero() -> None:
    assert unit_rows(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [[0, 0], pytest.approx([0.6, 0.8])]


def test_chunks_of_some_documents_keep_their_order() -> None:
    chunks = clustered(4, 3, seed=2)
    wanted = [chunks.doc_ids[9], chunks.doc_ids[0], "unknown"]
    assert list(chunks.of_documents(wanted).doc_ids) == [*chunks.doc_ids[:3], *chunks.doc_ids[9:]]


def test_ids_that_do_not_fit_the_vectors_are_refused() -> None:
    with pytest.raises(UsageError, match=r"\(3, 2\) and their document ids \(2,\)"):
        ChunkVectors(np.zeros((3, 2), np.float32), np.array(["a", "b"], dtype=object))


def test_vectors_of_two_dimensions_are_refused() -> None:
    with pytest.raises(UsageError, match="dimension 16 and 8 come from two embedding models"):
        require_same_dimension(clustered(2, 1, seed=1), clustered(2, 1, seed=1, dimension=8))
