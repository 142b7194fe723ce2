"""The new documents that a classifier finds most unlike live."""

from dataclasses import dataclass

import numpy as np

from kbgate.drift.chunk_vectors import ChunkVectors, sum_by_document
from kbgate.drift.grouped_scores import grouped_scores

MIN_DOCUMENTS = 2


@dataclass(frozen=True, slots=True)
class UnlikeDocument:
    """A new document and how sure the classifier is, in [0, 1], that it is none of live's."""

    doc_id: str
    score: float


@dataclass(frozen=True, slots=True)
class DomainClassifierResult:
    """How well new documents can be told from live's (AUC over documents), and the new ones, most unlike live first."""

    auc: float
    documents: tuple[UnlikeDocument, ...]


def classify_domain(new: ChunkVectors, live: ChunkVectors, *, seed: int) -> DomainClassifierResult | None:
    """Score each new document by classifiers trained on other documents; None below two documents a side.

    A document's score is the mean over its chunks. The AUC explains and never judges: an innocent batch about one topic
    of live can be told from the rest of live just as well as a foreign one.
    """
    from sklearn.metrics import roc_auc_score

    if min(len(set(new.doc_ids)), len(set(live.doc_ids))) < MIN_DOCUMENTS:
        return None
    new_scores, live_scores = grouped_scores(new, live, seed=seed)
    ours, theirs = sum_by_document(new_scores, new.doc_ids), sum_by_document(live_scores, live.doc_ids)
    scores, others = ours.sums[:, 0] / ours.counts, theirs.sums[:, 0] / theirs.counts
    is_new = np.r_[np.ones(len(scores)), np.zeros(len(others))]
    order = np.argsort(-scores, kind="stable")
    return DomainClassifierResult(
        auc=float(roc_auc_score(is_new, np.r_[scores, others])),
        documents=tuple(UnlikeDocument(ours.doc_ids[row], round(float(scores[row]), 4)) for row in order),
    )
