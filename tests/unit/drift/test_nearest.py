"""The blocked search finds what a comparison of everything with everything finds."""

import numpy as np
import pytest

from clustered_vectors import clustered, joined
from kbgate.drift import nearest
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.nearest import nearest_chunks


@pytest.mark.parametrize("other_documents_only", [False, True])
def test_blocks_give_the_same_as_one_comparison(monkeypatch: pytest.MonkeyPatch, other_documents_only: bool) -> None:
    monkeypatch.setattr(nearest, "QUERY_ROWS", 7)
    monkeypatch.setattr(nearest, "REFERENCE_ROWS", 5)
    live = clustered(9, 3, seed=1)
    queries = joined(live.rows(np.arange(0, 27, 2)), clustered(6, 3, seed=2))
    similarities = queries.vectors @ live.vectors.T
    if other_documents_only:
        similarities[queries.doc_ids[:, None] == live.doc_ids[None, :]] = -1
    found = nearest_chunks(queries, live, other_documents_only=other_documents_only)
    np.testing.assert_allclose(found.similarities, similarities.max(axis=1), atol=1e-6)
    assert list(found.doc_ids) == list(live.doc_ids[similarities.argmax(axis=1)])


def test_a_document_does_not_vouch_for_itself() -> None:
    live = clustered(5, 3, seed=1)
    own = nearest_chunks(live, live, other_documents_only=False)
    other = nearest_chunks(live, live, other_documents_only=True)
    np.testing.assert_allclose(own.similarities, 1, atol=1e-6)
    assert (other.doc_ids != live.doc_ids).all()
    assert (other.similarities < 0.99).all()


def test_nothing_to_compare_with_is_not_a_number_rather_than_similar() -> None:
    one = clustered(1, 3, seed=1)
    found = nearest_chunks(one, one, other_documents_only=True)
    assert np.isnan(found.similarities).all()
    assert list(found.doc_ids) == ["", "", ""]


def test_a_vector_that_is_not_a_number_has_no_neighbour() -> None:
    live = clustered(5, 3, seed=1)
    broken = ChunkVectors(np.full((1, 16), np.nan, np.float32), np.array(["x"], dtype=object))
    found = nearest_chunks(broken, live, other_documents_only=False)
    assert np.isnan(found.similarities[0])
