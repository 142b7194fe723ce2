"""Recall by exact search, worked out without kbgate's own evaluation: what a promotion is held against afterwards."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from gate_power_parts.collection import Collection


def true_recall(
    collection: Collection,
    asked: NDArray[np.float32],
    vectors: NDArray[np.float32],
    doc_ids: NDArray[np.str_],
    k: int,
) -> tuple[float, float | None]:
    """Return recall@k over all queries, and that of the worst key intent (None if there is none).

    recall = mean over queries of (relevant documents among those of the k best chunks) / (all relevant documents). A relevant
    document that the version no longer has still counts. `asked` (n_queries, d) are unit vectors, `vectors` (n_chunks, d) any;
    `doc_ids` (n_chunks,) says whose chunk each is.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    similarities = asked @ (vectors / np.where(lengths > 0, lengths, 1)).T
    best = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    relevant: dict[str, set[str]] = defaultdict(set)
    for judgement in collection.judgements:
        if int(judgement["relevance"]) > 0:
            relevant[judgement["query_id"]].add(judgement["doc_id"])
    shares: list[float] = []
    of_intent: dict[str, list[float]] = defaultdict(list)
    for query, row in zip(collection.queries, best, strict=True):
        wanted = relevant[query["query_id"]]
        shares.append(len(wanted & set(doc_ids[row].tolist())) / len(wanted))
        if query.get("key_intent"):
            of_intent[query["intent"]].append(shares[-1])
    worst = min((sum(found) / len(found) for found in of_intent.values()), default=None)
    return sum(shares) / len(shares), worst
