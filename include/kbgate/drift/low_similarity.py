"""How much of a batch has no near neighbour in live, held against how live looks to itself."""

from dataclasses import dataclass

import numpy as np

from kbgate.drift.chunk_vectors import ChunkVectors, sum_by_document
from kbgate.drift.nearest import nearest_chunks
from kbgate.drift.permutation import PermutationTest, new_group_mean, permute_documents
from kbgate.drift.share_interval import share_interval


@dataclass(frozen=True, slots=True, eq=False)
class LowSimilarityShare:
    """Share of new chunks whose nearest chunk in another live document is below `similarity`, beside live's own share."""

    similarity: float
    share: float
    live_share: float
    interval: tuple[float, float] | None
    test: PermutationTest


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
    by hand. A large live may be a random sample: new and live chunks are scored against the same one. The test draws
    random groups of as many documents from new and live together. None if a side is empty or live has one document.

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
    new_low, live_low = ~(new_scores >= similarity), ~(live_scores >= similarity)
    test = permute_documents(
        sum_by_document(new_low.astype(np.float64), new.doc_ids),
        sum_by_document(live_low.astype(np.float64), live.doc_ids),
        new_group_mean,
        permutations=permutations,
        seed=seed,
    )
    return LowSimilarityShare(
        similarity, float(new_low.mean()), float(live_low.mean()), share_interval(new_low, new.doc_ids), test
    )
