"""What the golden set says about a candidate: which queries can be measured, their means, the worst, the comparison."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kbgate.evaluation.comparison import ComparisonResult, compare_results
from kbgate.evaluation.golden_set import GoldenSet, GoldenSetHealth
from kbgate.evaluation.intervals import Interval, mean_interval, minimum_detectable_drop
from kbgate.evaluation.query_results import QueryResults
from kbgate.sections.recall import RecallSettings


@dataclass(frozen=True, slots=True)
class RecallSummary:
    """Everything the recall gate looks at; the masks have one value a row of `candidate`.

    `asked`: all queries but the stale ones. `measured`: those of them that have a relevant document.
    `live` and `comparison` are None when there is no live version measured the same way.
    """

    golden: GoldenSet
    candidate: QueryResults
    live: QueryResults | None
    health: GoldenSetHealth
    asked: NDArray[np.bool_]
    measured: NDArray[np.bool_]
    comparison: ComparisonResult | None
    settings: RecallSettings

    @property
    def intents(self) -> list[tuple[str, bool]]:
        """Every named intent and whether it is a key intent, key intents first."""
        keys = self.golden.key_intents
        named = [(intent, intent in keys) for intent in self.health.queries_per_intent if intent]
        return sorted(named, key=lambda pair: (not pair[1], pair[0]))

    def measured_of(self, intent: str) -> NDArray[np.bool_]:
        """The measured queries of an intent."""
        return np.asarray(self.measured & (self.candidate.column("intent") == intent))

    def mean(self, metric: str, rows: NDArray[np.bool_]) -> tuple[float | None, Interval | None]:
        """Mean and 95 % interval of a metric over some queries; None where there are none."""
        values = self.candidate.column(metric)[rows]
        if not values.size:
            return None, None
        clusters = self.candidate.clusters[rows]
        interval = mean_interval(values, clusters, resamples=self.settings.resamples, seed=self.settings.seed)
        return float(values.mean()), interval

    @property
    def minimum_detectable_drop(self) -> float | None:
        """Against live on the same queries, or without live as if both versions were independent."""
        if self.comparison:
            return self.comparison.minimum_detectable_drop
        recall = self.candidate.column("recall")[self.measured]
        return minimum_detectable_drop(recall, None, self.candidate.clusters[self.measured])

    def intent_rows(self) -> list[dict[str, Any]]:
        """The table of intents, key intents first."""
        rows = []
        for intent, is_key in self.intents:
            chosen = self.measured_of(intent)
            recall, interval = self.mean("recall", chosen)
            paired = self.comparison.intents.get(intent) if self.comparison else None
            rows.append(
                {
                    "intent": intent,
                    "key_intent": is_key,
                    "n": int(chosen.sum()),
                    "recall": recall,
                    "ci_low": interval.low if interval else None,
                    "ci_high": interval.high if interval else None,
                    "hit_rate": self.mean("hit", chosen)[0],
                    "mrr": self.mean("reciprocal_rank", chosen)[0],
                    "ndcg": self.mean("ndcg", chosen)[0],
                    "live_recall": paired.live if paired else None,
                    "difference": paired.difference if paired else None,
                }
            )
        return rows

    def worst_queries(self) -> list[dict[str, Any]]:
        """Measured queries that missed something: lowest recall first, then what live still answers, then key intents."""
        live_recall = (
            dict(zip(self.live.column("query_id"), self.live.column("recall"), strict=True)) if self.live else {}
        )
        queries = [
            {
                "query_id": row["query_id"],
                "text": row["text"],
                "intent": row["intent"],
                "key_intent": row["key_intent"],
                "recall": row["recall"],
                "live_recall": live_recall.get(row["query_id"]),
                "expected": row["relevant_doc_ids"],
                "missed": row["missed_doc_ids"],
                "retrieved": row["doc_ids"],
                "similarities": [round(similarity, 4) for similarity in row["similarities"]],
            }
            for row, is_measured in zip(self.candidate.rows(), self.measured, strict=True)
            if is_measured and row["recall"] < 1
        ]
        return sorted(
            queries, key=lambda q: (q["recall"], -(q["live_recall"] or 0), not q["key_intent"], q["query_id"])
        )


def summarise_recall(
    golden: GoldenSet,
    candidate: QueryResults,
    live: QueryResults | None,
    candidate_doc_ids: Collection[str],
    settings: RecallSettings,
) -> RecallSummary:
    """Leave out what cannot be measured and compare with live where live was measured the same way."""
    health = golden.health(candidate_doc_ids)
    ids = candidate.column("query_id").astype(str)
    asked = ~np.isin(ids, health.stale)
    measured = asked & ~np.isin(ids, health.unjudged)
    if live is not None and not candidate.measured_like(live):
        live = None
    comparison = None
    if live is not None and measured.any():
        comparison = compare_results(candidate, live, ids[measured], resamples=settings.resamples, seed=settings.seed)
    return RecallSummary(golden, candidate, live, health, asked, measured, comparison, settings)
