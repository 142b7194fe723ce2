"""How much of a batch has no near neighbour in live, held against how live looks to itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.drift.chunk_vectors import ChunkVectors, DocumentSums, sum_by_document
from kbgate.drift.nearest import nearest_chunks
from kbgate.drift.permutation import PermutationTest, new_group_mean, permute_documents
from kbgate.drift.share_interval import share_interval


@dataclass(frozen=True, slots=True, eq=False)
class LowSimilarityShare:
    """Share of the new material that has no neighbour of at least `similarity` in live, beside live's own share.

    A document's share is that of its chunks; `share` and `live_share` are means over documents.
    """

    similarity: float
    share: float
    live_share: float
    interval: tuple[float, float] | None
    test: PermutationTest
    new_similarities: NDArray[np.float32]
    """Cosine of each new chunk to the nearest chunk of another document of live, shape (n_new,)."""
    live_similarities: NDArray[np.float32]
    """The same of live's own chunks, shape (n_live,)."""


def low_similarity_share(
    new: ChunkVectors,
    live: ChunkVectors,
    *,
    quantile: float,
    permutations: int,
    seed: int,
    similarity: float | None = None,
) -> LowSimilarityShare | None:
    """Score every chunk by its nearest chunk in another document of live, and compare new documents with live's.

    Below `quantile` of the scores of live's own chunks a score counts as low: what is low differs from one embedding
    model and one knowledge base to the next (unrelated texts score 0.05 with MiniLM, 0.75 with e5); `similarity` sets it
    by hand. A large live may be a random sample: new and live chunks are scored against the same one. Every document
    counts the same: otherwise a few long pages would hide as many short ones about something else. The test draws random
    groups of as many documents from new and live together. None if a side is empty or live has one document.

    Raises:
        UsageError: the vectors come from two models.
    """
    if not len(new) or not len(live):
        return None
    live_scores = nearest_chunks(live, live, other_documents_only=True).similarities
    new_scores = nearest_chunks(new, live, other_documents_only=True).similarities
    if np.isnan(live_scores).any():
        return None
    if similarity is None:
        similarity = float(np.quantile(live_scores, quantile))
    # A vector that is not a number compares false, so it counts as low.
    new_documents = _shares_by_document(~(new_scores >= similarity), new.doc_ids)
    live_documents = _shares_by_document(~(live_scores >= similarity), live.doc_ids)
    test = permute_documents(new_documents, live_documents, new_group_mean, permutations=permutations, seed=seed)
    return LowSimilarityShare(
        similarity=similarity,
        share=float(new_documents.sums.mean()),
        live_share=float(live_documents.sums.mean()),
        interval=share_interval(new_documents.sums[:, 0], new_documents.doc_ids),
        test=test,
        new_similarities=new_scores,
        live_similarities=live_scores,
    )


def _shares_by_document(low: NDArray[np.bool_], doc_ids: NDArray[np.object_]) -> DocumentSums:
    """One number a document: the share of its chunks that are low."""
    documents = sum_by_document(low.astype(np.float64), doc_ids)
    return DocumentSums(documents.doc_ids, documents.sums / documents.counts[:, None], np.ones(len(documents)))
