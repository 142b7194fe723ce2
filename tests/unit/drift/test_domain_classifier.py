"""The documents that were planted are named first."""

import numpy as np

from clustered_vectors import clustered, joined
from kbgate.drift.chunk_vectors import ChunkVectors, unit_rows
from kbgate.drift.domain_classifier import classify_domain


def placed(n_documents: int, seed: int, *, elsewhere: bool, name: str) -> ChunkVectors:
    """Documents in one half of 32 dimensions, or about one subject in the other half."""
    chunks = clustered(n_documents, 5, seed, name=name)
    if not elsewhere:
        return ChunkVectors(np.hstack([chunks.vectors, np.zeros_like(chunks.vectors)]), chunks.doc_ids)
    subject = unit_rows(chunks.vectors + np.float32(0.5))
    return ChunkVectors(np.hstack([np.zeros_like(subject), subject]), chunks.doc_ids)


LIVE = placed(80, 1, elsewhere=False, name="live")


def test_planted_foreign_documents_come_first() -> None:
    foreign = placed(6, 2, elsewhere=True, name="foreign")
    new = joined(placed(20, 3, elsewhere=False, name="home"), foreign)
    found = classify_domain(new, LIVE, seed=1)
    assert found
    assert {document.doc_id for document in found.documents[:6]} == set(foreign.doc_ids)
    assert found.documents[5].score > 0.5 > found.documents[12].score
    assert len(found.documents) == 26


def test_innocent_documents_are_not_told_from_live() -> None:
    found = classify_domain(placed(20, 3, elsewhere=False, name="home"), LIVE, seed=1)
    assert found
    assert 0.25 < found.auc < 0.75


def test_a_changed_document_is_not_known_by_its_former_self() -> None:
    """Unchanged copies of twenty documents of live: neither side has anything that the other has not."""
    found = classify_domain(LIVE.rows(np.arange(100)), LIVE, seed=1)
    assert found
    assert 0.25 < found.auc < 0.75


def test_one_document_has_nobody_to_learn_from() -> None:
    assert classify_domain(LIVE.rows(np.arange(5)), LIVE, seed=1) is None
    assert classify_domain(LIVE, LIVE.rows(np.arange(5)), seed=1) is None
