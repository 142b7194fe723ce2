"""Build small golden sets and search results by hand."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from kbgate.evaluation.golden_set import GoldenSet, Judgement, Query
from kbgate.evaluation.live_answers import LiveAnswers
from kbgate.evaluation.query_results import QueryResults
from kbgate.records import Hits


def hits_of(rankings: Sequence[Sequence[str]], similarities: Sequence[Sequence[float]] | None = None) -> Hits:
    """Hits whose rows are documents, best first; short rows are padded as a store pads them."""
    width = max((len(row) for row in rankings), default=0)
    docs = np.full((len(rankings), width), "", dtype=object)
    chunks = docs.copy()
    scores = np.full(docs.shape, np.nan, dtype=np.float32)
    for number, row in enumerate(rankings):
        docs[number, : len(row)] = row
        chunks[number, : len(row)] = [f"{doc}#{place}" for place, doc in enumerate(row)]
        scores[number, : len(row)] = similarities[number] if similarities else 0.9 - 0.01 * np.arange(len(row))
    return Hits(chunks, docs, scores)


def golden_of(
    qrels: Mapping[str, Mapping[str, int]], intents: Mapping[str, str] | None = None, key_intents: Sequence[str] = ()
) -> GoldenSet:
    """A golden set with one query for each key of `qrels`, in their order."""
    intent_of = intents or {}
    queries = tuple(
        Query(query_id, f"question {query_id}", intent_of.get(query_id, ""), intent_of.get(query_id, "") in key_intents)
        for query_id in qrels
    )
    judgements = tuple(Judgement(q, doc, grade) for q, docs in qrels.items() for doc, grade in docs.items())
    return GoldenSet("memory", queries, judgements)


def live_of(results: QueryResults | None, doc_ids: Collection[str] | None = None) -> LiveAnswers | None:
    """A live version v1.0.0 with some documents, by default all that the questions ask for; None without results."""
    if results is None:
        return None
    asked_for = {doc for docs in results.column("relevant_doc_ids") for doc in docs}
    return LiveAnswers("v1.0.0", asked_for if doc_ids is None else doc_ids, results)
