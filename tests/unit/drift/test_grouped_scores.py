"""A classifier never sees the document that it scores."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from clustered_vectors import clustered, joined
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.grouped_scores import FOLDS, _folds, grouped_scores


def auc(new: ChunkVectors, old: ChunkVectors) -> float:
    new_scores, old_scores = grouped_scores(new, old, seed=1)
    return float(roc_auc_score(np.r_[np.ones(len(new)), np.zeros(len(old))], np.r_[new_scores, old_scores]))


def test_documents_of_one_population_cannot_be_told_apart_though_their_chunks_cluster() -> None:
    """Ungrouped folds would know each chunk by its siblings and reach nearly 1."""
    found = [auc(clustered(20, 20, seed=seed), clustered(60, 20, seed=100 + seed)) for seed in range(10)]
    # The standard error of an AUC of 20 against 60 documents is 0.075, of ten of them 0.024.
    assert np.mean(found) == pytest.approx(0.5, abs=3.3 * 0.024)


def test_a_shift_that_all_new_documents_share_is_found() -> None:
    new = clustered(20, 5, seed=1)
    moved = ChunkVectors((new.vectors + np.float32(0.6)) / 2, new.doc_ids)
    assert auc(moved, clustered(60, 5, seed=2)) > 0.95


def test_both_states_of_a_document_are_in_one_fold_and_every_training_set_holds_both_sides() -> None:
    new, old = clustered(7, 1, seed=1).doc_ids, joined(clustered(7, 1, seed=1), clustered(11, 1, seed=2)).doc_ids
    folds = _folds(new, old, np.random.default_rng(1))
    assert folds.keys() == set(old)
    for fold in range(FOLDS):
        trained_on = {doc_id for doc_id, place in folds.items() if place != fold}
        assert trained_on & set(new)
        assert trained_on & set(old)


def test_scores_are_probabilities_in_the_order_of_the_chunks_and_the_same_for_the_same_seed() -> None:
    new, old = clustered(6, 3, seed=1), clustered(9, 2, seed=2)
    first, again = grouped_scores(new, old, seed=3), grouped_scores(new, old, seed=3)
    assert (first[0].shape, first[1].shape) == ((18,), (18,))
    assert (np.concatenate(first) >= 0).all()
    assert (np.concatenate(first) <= 1).all()
    np.testing.assert_array_equal(first[0], again[0])


def test_two_documents_a_side_are_enough() -> None:
    scores = grouped_scores(clustered(2, 2, seed=1), clustered(2, 2, seed=2), seed=1)
    assert np.isfinite(np.concatenate(scores)).all()
