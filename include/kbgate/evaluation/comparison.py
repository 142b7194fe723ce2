"""The candidate against live, paired on the same queries."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from kbgate.errors import UsageError
from kbgate.evaluation.intervals import CONFIDENCE, Interval
from kbgate.evaluation.query_results import QueryResults
from kbgate.evaluation.resampled_mean import resample_mean

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Recall of both versions on the same n queries; `difference` is candidate minus live, a win is a query that got better.

    `interval` (95 %), `bounds` (each one-sided, 95 %) and `p_worse`, the p-value of "the true difference is at least
    -margin", are of the mean of the per-query differences, documents drawn anew; None below two documents. Where no query
    changed they are exactly [0, 0] and 1: identical answers are no worse, however few the documents. `p_worse` is also 1
    below two documents if recall fell by the margin at most: then there is no loss to be sure of.
    """

    n: int
    candidate: float
    live: float
    difference: float
    interval: Interval | None
    bounds: Interval | None
    p_worse: float | None
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True, slots=True)
class QueryChange:
    """A query whose recall is no longer what it was, with the documents retrieved now and then."""

    query_id: str
    text: str
    intent: str
    recall_now: float
    recall_then: float
    doc_ids_now: tuple[str, ...]
    doc_ids_then: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """`changes` has the greatest losses first."""

    overall: PairedDifference
    intents: dict[str, PairedDifference]
    changes: tuple[QueryChange, ...]


def compare_results(
    candidate: QueryResults,
    live: QueryResults,
    query_ids: Collection[str],
    *,
    margin: float,
    resamples: int,
    seed: int,
) -> ComparisonResult:
    """Compare the recall of both versions on `query_ids` (those that can be measured), overall and per intent.

    The interval of a difference is the cluster bootstrap of the per-query differences, so what both versions miss
    does not widen it. Method and source: `kbgate.evaluation.resampled_mean`.

    Raises:
        UsageError: a query is not in both or was not asked and judged alike, or there are no queries.
    """
    wanted = set(query_ids)
    chosen = np.isin(candidate.column("query_id").astype(str), sorted(wanted))
    place_in_live = {query_id: row for row, query_id in enumerate(live.column("query_id"))}
    ids = candidate.column("query_id")[chosen]
    absent = wanted - (set(ids) & set(place_in_live))
    if absent or not wanted:
        raise UsageError(
            f"Nothing to compare: queries that are not in both results: {sorted(absent)[:5] or 'none asked for'}."
        )
    differing = ids[~candidate.same_questions(live)[chosen]]
    if differing.size:
        raise UsageError(
            f"The candidate was measured at k = {candidate.k}, live at k = {live.k}, and {differing.size} queries were not "
            f"asked or judged alike (such as {', '.join(differing[:3])}). Measure both alike before comparing them."
        )

    rows_in_live = np.array([place_in_live[query_id] for query_id in ids])
    now, then = candidate.column("recall")[chosen], live.column("recall")[rows_in_live]
    clusters, intents = candidate.clusters[chosen], candidate.column("intent")[chosen]

    def paired(rows: np.ndarray) -> PairedDifference:
        differences = now[rows] - then[rows]
        interval, bounds, p_worse = _uncertainty(differences, clusters[rows], margin, resamples, seed)
        return PairedDifference(
            n=int(rows.sum()),
            candidate=float(now[rows].mean()),
            live=float(then[rows].mean()),
            difference=float(differences.mean()),
            interval=interval,
            bounds=bounds,
            p_worse=p_worse,
            wins=int((differences > 0).sum()),
            losses=int((differences < 0).sum()),
            ties=int((differences == 0).sum()),
        )

    return ComparisonResult(
        overall=paired(np.ones(len(ids), dtype=np.bool_)),
        intents={intent: paired(intents == intent) for intent in sorted(set(intents))},
        changes=_changes(candidate, live, np.flatnonzero(chosen)[now != then], rows_in_live[now != then]),
    )


def _uncertainty(
    differences: np.ndarray, clusters: np.ndarray, margin: float, resamples: int, seed: int
) -> tuple[Interval | None, Interval | None, float | None]:
    if not differences.any():
        return Interval(0.0, 0.0), Interval(0.0, 0.0), 1.0
    resampled = resample_mean(differences, clusters, resamples=resamples, seed=seed)
    if resampled is None:
        return None, None, None if differences.mean() < -margin - ROUNDING else 1.0
    tail = 1 - CONFIDENCE
    return (
        Interval(resampled.bound(tail / 2), resampled.bound(1 - tail / 2)),
        Interval(resampled.bound(tail), resampled.bound(1 - tail)),
        resampled.p_below(-margin),
    )


def _changes(
    candidate: QueryResults, live: QueryResults, rows_now: np.ndarray, rows_then: np.ndarray
) -> tuple[QueryChange, ...]:
    pairs = zip(candidate.table.take(rows_now).to_pylist(), live.table.take(rows_then).to_pylist(), strict=True)
    changes = [
        QueryChange(
            query_id=now["query_id"],
            text=now["text"],
            intent=now["intent"],
            recall_now=now["recall"],
            recall_then=then["recall"],
            doc_ids_now=tuple(dict.fromkeys(now["doc_ids"])),
            doc_ids_then=tuple(dict.fromkeys(then["doc_ids"])),
        )
        for now, then in pairs
    ]
    return tuple(sorted(changes, key=lambda change: (change.recall_now - change.recall_then, change.query_id)))
