"""How new each chunk looks to a classifier that has not seen its document."""

import numpy as np
from numpy.typing import NDArray

from kbgate.drift.chunk_vectors import ChunkVectors

FOLDS = 5
INVERSE_PENALTY = 10.0
"""C of the logistic regression: unit vectors are small numbers, so the usual 1 would leave it too timid."""


def grouped_scores(
    new: ChunkVectors, old: ChunkVectors, *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability of being new for each chunk of `new` and of `old`, float64 (n_new,) and (n_old,).

    Logistic regression on the vectors, both sides weighted alike, trained five times on four fifths of the documents and
    asked about the rest. A document stays in one fold with all its chunks of both sides: otherwise the classifier would
    know a chunk by its siblings. Both sides need two documents.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    fold_of = _folds(new.doc_ids, old.doc_ids, np.random.default_rng(seed))
    folds = [fold_of[doc_id] for doc_id in (*new.doc_ids, *old.doc_ids)]
    is_new = np.r_[np.ones(len(new), dtype=int), np.zeros(len(old), dtype=int)]
    probabilities = cross_val_predict(
        LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", max_iter=1000),
        np.vstack([new.vectors, old.vectors]),
        is_new,
        cv=PredefinedSplit(folds),
        method="predict_proba",
    )[:, 1]
    return probabilities[: len(new)], probabilities[len(new) :]


def _folds(new: NDArray[np.object_], old: NDArray[np.object_], random: np.random.Generator) -> dict[str, int]:
    """Deal the documents of each side out evenly, so that every training set holds both sides."""
    names = np.unique(new)
    only_old = np.setdiff1d(np.unique(old), names)
    return {
        doc_id: place % FOLDS for side in (names, only_old) for place, doc_id in enumerate(random.permutation(side))
    }
