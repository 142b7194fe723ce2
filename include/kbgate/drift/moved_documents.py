"""The documents that moved most, for a person to look at."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from kbgate.drift.chunk_vectors import ChunkVectors, sum_by_document
from kbgate.drift.nearest import NearestChunks
from kbgate.drift.paired import PairedSimilarities

LISTED = 20


@dataclass(frozen=True, slots=True)
class MovedDocument:
    """A document, how similar it is to its former self or to live (cosine), and the live document nearest to it."""

    doc_id: str
    title: str
    similarity: float
    nearest_doc_id: str


def changed_documents(
    paired: PairedSimilarities, new: ChunkVectors, nearest: NearestChunks, titles: Mapping[str, str]
) -> tuple[MovedDocument, ...]:
    """The changed documents least similar to their former selves, at most 20."""
    closest = _closest(new, nearest)
    return tuple(
        MovedDocument(doc_id, titles.get(doc_id, ""), round(float(similarity), 4), closest.get(doc_id, ""))
        for doc_id, similarity in zip(paired.doc_ids[:LISTED], paired.similarities[:LISTED], strict=True)
    )


def added_documents(
    changed: Collection[str], new: ChunkVectors, nearest: NearestChunks, titles: Mapping[str, str]
) -> tuple[MovedDocument, ...]:
    """The new documents outside `changed` least similar to live (mean over their chunks), at most 20."""
    closest = _closest(new, nearest)
    # A chunk for which live had nothing (NaN) is as dissimilar as can be.
    documents = sum_by_document(np.nan_to_num(nearest.similarities, nan=-1.0), new.doc_ids)
    means = documents.sums[:, 0] / documents.counts
    rows = [row for row in np.argsort(means, kind="stable") if documents.doc_ids[row] not in changed]
    return tuple(
        MovedDocument(doc_id, titles.get(doc_id, ""), round(float(means[row]), 4), closest[doc_id])
        for row in rows[:LISTED]
        for doc_id in [documents.doc_ids[row]]
    )


def _closest(new: ChunkVectors, nearest: NearestChunks) -> dict[str, str]:
    """Document -> the live document that its most similar chunk is nearest to."""
    order = np.argsort(np.nan_to_num(nearest.similarities, nan=-2.0), kind="stable")
    return dict(zip(new.doc_ids[order], nearest.doc_ids[order], strict=True))
