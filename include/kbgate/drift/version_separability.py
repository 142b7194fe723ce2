"""Whether rewritten documents all changed in one way that gives them away."""

from dataclasses import dataclass

import numpy as np

from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.grouped_scores import grouped_scores
from kbgate.drift.paired import PairedSimilarities

MIN_DOCUMENTS = 10


@dataclass(frozen=True, slots=True)
class VersionSeparability:
    """Area under the ROC curve of telling new chunks of rewritten documents from old ones; 0.5 is guessing."""

    auc: float
    n_documents: int


def version_separability(
    before: ChunkVectors, after: ChunkVectors, paired: PairedSimilarities, moved_similarity: float, *, seed: int
) -> VersionSeparability | None:
    """Train on some rewritten documents and tell the two states of the others apart; None below ten of them.

    A document counts as rewritten if its cosine to its former self is below `moved_similarity`. Both states are of the
    same documents, so their topics cannot tell them apart: what can is damage or a new manner that all of them share, such
    as words in random order, which hardly moves a single vector. Source of the two-sample test by a classifier: Lopez-Paz,
    Oquab, Revisiting classifier two-sample tests, ICLR 2017.
    """
    from sklearn.metrics import roc_auc_score

    moved = set(paired.doc_ids[paired.similarities < moved_similarity])
    if len(moved) < MIN_DOCUMENTS:
        return None
    old, new = before.of_documents(moved), after.of_documents(moved)
    new_scores, old_scores = grouped_scores(new, old, seed=seed)
    is_new = np.r_[np.ones(len(new)), np.zeros(len(old))]
    return VersionSeparability(float(roc_auc_score(is_new, np.r_[new_scores, old_scores])), len(moved))
