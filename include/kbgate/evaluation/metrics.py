"""Retrieval metrics by document, computed from chunk hits; every function returns one value a query.

A document counts as retrieved when at least one of its chunks is among the k best *chunks*; documents rank in the order
of their first chunk. A query without a relevant document has no recall, hit, reciprocal rank or nDCG: NaN, never 1.0.
Grades of at least `min_relevance` are relevant; nDCG uses every grade above 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.records import Hits


@dataclass(frozen=True, slots=True)
class GradedRankings:
    """Rankings of documents as grades: int64, 0 = not relevant, not judged, or no document at that rank.

    `found` (n_queries, k): grade of the document at each document rank, the first being rank 1.
    `ideal` (n_queries, most graded documents of a query): grades of all documents judged above 0, best first, then 0.
    """

    found: NDArray[np.int64]
    ideal: NDArray[np.int64]


def grade_rankings(
    hits: Hits, query_ids: Sequence[str], qrels: Mapping[str, Mapping[str, int]], k: int
) -> GradedRankings:
    """Look up the grade of every retrieved document; row i of `hits` belongs to `query_ids[i]`.

    Hits are taken in the order given (the store breaks ties); further chunks of a document already seen are skipped.
    """
    if k < 1 or hits.doc_ids.shape[0] != len(query_ids):
        raise ValueError(f"k is {k} and there are {hits.doc_ids.shape[0]} rows of hits for {len(query_ids)} queries")
    retrieved = hits.doc_ids[:, :k]
    code_of: dict[str, int] = {"": 0}
    codes = np.fromiter((code_of.setdefault(doc, len(code_of)) for doc in retrieved.ravel()), np.int64, retrieved.size)
    judged = [
        (row, code_of.setdefault(doc, len(code_of)), grade)
        for row, query_id in enumerate(query_ids)
        for doc, grade in qrels.get(query_id, {}).items()
        if grade > 0
    ]
    rows, docs, grades = np.array(judged, dtype=np.int64).reshape(-1, 3).T
    codes = codes.reshape(retrieved.shape)

    is_first = _is_first_of_row(codes) & (codes != 0)
    rank = np.cumsum(is_first, axis=1) - 1
    found = np.zeros(codes.shape, dtype=np.int64)
    row, column = np.nonzero(is_first)
    found[row, rank[row, column]] = _look_up(
        rows * len(code_of) + docs, grades, row * len(code_of) + codes[row, column]
    )

    order = np.lexsort((-grades, rows))
    n_relevant = np.bincount(rows, minlength=len(query_ids))
    position = np.arange(rows.size) - np.repeat(np.cumsum(n_relevant) - n_relevant, n_relevant)
    ideal = np.zeros((len(query_ids), int(n_relevant.max(initial=0))), dtype=np.int64)
    ideal[rows[order], position] = grades[order]
    return GradedRankings(found, ideal)


def recall_at_k(rankings: GradedRankings, min_relevance: int = 1) -> NDArray[np.float64]:
    """Recall@k = relevant documents retrieved / all relevant documents, in [0, 1]; NaN without a relevant document.

    Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), section 8.3; ir-measures `R@k`.
    """
    n_found: NDArray[np.float64] = (rankings.found >= min_relevance).sum(axis=1, dtype=np.float64)
    return _only_judged(n_found / np.maximum(_n_relevant(rankings, min_relevance), 1), rankings, min_relevance)


def hit_rate_at_k(rankings: GradedRankings, min_relevance: int = 1) -> NDArray[np.float64]:
    """1 when at least one relevant document was retrieved, else 0; NaN without a relevant document.

    The mean over queries is the hit rate; ir-measures `Success@k`. It is not recall: one of three documents is enough.
    """
    return _only_judged(np.where((rankings.found >= min_relevance).any(axis=1), 1.0, 0.0), rankings, min_relevance)


def reciprocal_rank(rankings: GradedRankings, min_relevance: int = 1) -> NDArray[np.float64]:
    """1 / rank of the first relevant document, 0 when none was retrieved; NaN without a relevant document.

    The mean over queries is MRR (Voorhees, The TREC-8 Question Answering Track Report, 1999); ir-measures `RR@k`.
    """
    relevant = rankings.found >= min_relevance
    values = np.zeros(len(relevant))
    if relevant.shape[1]:
        values = np.where(relevant.any(axis=1), 1 / (relevant.argmax(axis=1) + 1), 0.0)
    return _only_judged(values, rankings, min_relevance)


def ndcg_at_k(rankings: GradedRankings, k: int) -> NDArray[np.float64]:
    """nDCG@k = DCG@k / DCG@k of the ideal ranking, DCG@k = sum over ranks r <= k of grade_r / log2(r + 1), in [0, 1].

    Gains are linear (the grade itself, not 2^grade - 1), as in trec_eval's `ndcg_cut` and ir-measures `nDCG@k`.
    NaN without a relevant document. Source: Järvelin, Kekäläinen, Cumulated gain-based evaluation of IR techniques,
    ACM TOIS 20(4), 2002.
    """
    ideal = _dcg(rankings.ideal[:, :k])
    return _only_judged(_dcg(rankings.found[:, :k]) / np.where(ideal > 0, ideal, 1), rankings, 1)


def best_similarity(hits: Hits) -> NDArray[np.float64]:
    """Cosine of the best chunk of each query, in [-1, 1]; NaN when nothing was retrieved."""
    similarities = hits.similarities.astype(np.float64)
    best = np.where(np.isnan(similarities), -np.inf, similarities).max(axis=1, initial=-np.inf)
    return np.where(np.isinf(best), np.nan, best)


def zero_hit(hits: Hits, min_similarity: float) -> NDArray[np.bool_]:
    """True for a query none of whose results has a similarity of at least `min_similarity`."""
    return ~(best_similarity(hits) >= min_similarity)


def evidence_recall_at_k(
    hits: Hits,
    query_ids: Sequence[str],
    evidence: Mapping[str, Sequence[tuple[str, int, int]]],
    chunk_spans: Mapping[str, tuple[int, int]],
    k: int,
) -> NDArray[np.float64]:
    """Evidence spans that a chunk among the k best overlaps / all evidence spans of the query; NaN without a span.

    `evidence`: (doc_id, start, end) by query; `chunk_spans`: (start, end) by chunk id; characters, end excluded.
    Stricter than `recall_at_k`: another passage of the right document does not count.
    """
    values = np.full(len(query_ids), np.nan)
    for row, query_id in enumerate(query_ids):
        spans = evidence.get(query_id, ())
        if not spans:
            continue
        chunks = [
            (doc_id, *chunk_spans[chunk_id])
            for chunk_id, doc_id in zip(hits.chunk_ids[row, :k], hits.doc_ids[row, :k], strict=True)
            if chunk_id
        ]
        found = [
            any(
                doc == chunk_doc and chunk_start < end and start < chunk_end
                for chunk_doc, chunk_start, chunk_end in chunks
            )
            for doc, start, end in spans
        ]
        values[row] = sum(found) / len(spans)
    return values


def _is_first_of_row(codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    order = np.argsort(codes, axis=1, kind="stable")
    ordered = np.take_along_axis(codes, order, axis=1)
    starts = np.ones(codes.shape, dtype=np.bool_)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    is_first = np.empty_like(starts)
    np.put_along_axis(is_first, order, starts, axis=1)
    return is_first


def _look_up(keys: NDArray[np.int64], values: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Value of each wanted key, 0 where there is none."""
    if keys.size == 0:
        return np.zeros(wanted.shape, dtype=np.int64)
    order = np.argsort(keys)
    place = order[np.minimum(np.searchsorted(keys[order], wanted), keys.size - 1)]
    return np.where(keys[place] == wanted, values[place], 0)


def _dcg(grades: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(grades / np.log2(np.arange(grades.shape[1]) + 2)).sum(axis=1)


def _n_relevant(rankings: GradedRankings, min_relevance: int) -> NDArray[np.int64]:
    return np.asarray((rankings.ideal >= min_relevance).sum(axis=1))


def _only_judged(values: NDArray[np.float64], rankings: GradedRankings, min_relevance: int) -> NDArray[np.float64]:
    return np.where(_n_relevant(rankings, min_relevance) > 0, values, np.nan)
