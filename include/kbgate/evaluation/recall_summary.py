"""What the golden set says about a candidate: which queries can be measured, their means, the worst, the comparison."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kbgate.evaluation.comparison import ComparisonResult, PairedDifference, compare_results
from kbgate.evaluation.golden_set import GoldenSet, GoldenSetHealth
from kbgate.evaluation.intervals import Interval, mean_interval
from kbgate.evaluation.live_answers import LiveAnswers
from kbgate.evaluation.query_results import QueryResults
from kbgate.sections.recall import RecallSettings


@dataclass(frozen=True)
class RecallSummary:
    """Everything the recall gate looks at; the masks have one value a row of `candidate`.

    `asked`: all queries but the stale ones. `measured`: those of them that have a relevant document. `same_questions`: the
    measured ones that live was asked in the same words, with the same judgements. `compared`: those of them of whose
    relevant documents live has at least one; live cannot answer the others, so they would count as won and hide a loss.
    `unrelated_similarity`: what the candidate's model gives to a question and text that does not answer it, if known.
    `live` is None without a live version, `comparison` where no query can be compared.
    """

    golden: GoldenSet
    candidate: QueryResults
    live: LiveAnswers | None
    health: GoldenSetHealth
    asked: NDArray[np.bool_]
    measured: NDArray[np.bool_]
    same_questions: NDArray[np.bool_]
    compared: NDArray[np.bool_]
    comparison: ComparisonResult | None
    settings: RecallSettings
    unrelated_similarity: float | None = None

    @property
    def intents(self) -> list[tuple[str, bool]]:
        """Every named intent and whether it is a key intent, key intents first."""
        keys = self.golden.key_intents
        named = [(intent, intent in keys) for intent in self.health.queries_per_intent if intent]
        return sorted(named, key=lambda pair: (not pair[1], pair[0]))

    def measured_of(self, intent: str) -> NDArray[np.bool_]:
        """The measured queries of an intent."""
        return np.asarray(self.measured & (self.candidate.column("intent") == intent))

    def compared_of(self, intent: str) -> NDArray[np.bool_]:
        """The queries of an intent that are compared with live."""
        return np.asarray(self.compared & (self.candidate.column("intent") == intent))

    def mean(self, metric: str, rows: NDArray[np.bool_]) -> tuple[float | None, Interval | None]:
        """Mean and 95 % interval of a metric over some queries; None where there are none."""
        values = self.candidate.column(metric)[rows]
        if not values.size:
            return None, None
        clusters = self.candidate.clusters[rows]
        interval = mean_interval(values, clusters, resamples=self.settings.resamples, seed=self.settings.seed)
        return float(values.mean()), interval

    @property
    def recall_name(self) -> str:
        """How recall is called in a sentence: by what may be retrieved."""
        budget = self.settings.token_budget
        return f"Recall@{self.settings.k}" if budget is None else f"Recall within {budget} tokens"

    @property
    def tested_key_intents(self) -> list[str]:
        """Key intents with enough measured queries for a test, sorted: the family that multiplicity is controlled over."""
        fewest = self.settings.min_intent_queries
        return [intent for intent, is_key in self.intents if is_key and self.measured_of(intent).sum() >= fewest]

    @cached_property
    def live_recall(self) -> NDArray[np.float64]:
        """Recall of live on each of the candidate's queries, NaN where they are not compared."""
        recall = np.full(len(self.candidate), np.nan)
        if self.live is not None and self.live.results is not None:
            then = dict(zip(self.live.results.column("query_id"), self.live.results.column("recall"), strict=True))
            recall[self.compared] = [then[query_id] for query_id in self.candidate.column("query_id")[self.compared]]
        return recall

    def differences(self, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Recall of candidate minus live on some of the compared queries."""
        return np.asarray(self.candidate.column("recall")[rows] - self.live_recall[rows], dtype=np.float64)

    def intent_rows(self) -> list[dict[str, Any]]:
        """The table of intents, key intents first."""
        paired = self.comparison.intents if self.comparison else {}
        return [
            {"intent": intent, "key_intent": is_key, **self._row(self.measured_of(intent), paired.get(intent))}
            for intent, is_key in self.intents
        ]

    def overall_row(self) -> dict[str, Any]:
        """All measured queries, with the columns of `intent_rows` but the intent's own."""
        return self._row(self.measured, self.comparison.overall if self.comparison else None)

    def _row(self, chosen: NDArray[np.bool_], paired: PairedDifference | None) -> dict[str, Any]:
        recall, interval = self.mean("recall", chosen)
        live_interval = self._live_interval(chosen & self.compared) if paired else None
        return {
            "n": int(chosen.sum()),
            "recall": recall,
            "ci_low": interval.low if interval else None,
            "ci_high": interval.high if interval else None,
            "hit_rate": self.mean("hit", chosen)[0],
            "mrr": self.mean("reciprocal_rank", chosen)[0],
            "ndcg": self.mean("ndcg", chosen)[0],
            "live_recall": paired.live if paired else None,
            "live_ci_low": live_interval.low if live_interval else None,
            "live_ci_high": live_interval.high if live_interval else None,
            "difference": paired.difference if paired else None,
        }

    def _live_interval(self, chosen: NDArray[np.bool_]) -> Interval | None:
        """95 % interval of live's recall on the same queries, resampled as the candidate's is."""
        values, settings = self.live_recall[chosen], self.settings
        return mean_interval(values, self.candidate.clusters[chosen], resamples=settings.resamples, seed=settings.seed)

    def worst_queries(self) -> list[dict[str, Any]]:
        """Measured queries that missed something: lowest recall first, then what live still answers, then key intents."""
        queries = [
            {
                "query_id": row["query_id"],
                "text": row["text"],
                "intent": row["intent"],
                "key_intent": row["key_intent"],
                "recall": row["recall"],
                "live_recall": None if np.isnan(live_recall) else float(live_recall),
                "expected": row["relevant_doc_ids"],
                "missed": row["missed_doc_ids"],
                "retrieved": row["doc_ids"],
                "similarities": [round(similarity, 4) for similarity in row["similarities"]],
            }
            for row, is_measured, live_recall in zip(
                self.candidate.rows(), self.measured, self.live_recall, strict=True
            )
            if is_measured and row["recall"] < 1
        ]
        return sorted(
            queries, key=lambda q: (q["recall"], -(q["live_recall"] or 0), not q["key_intent"], q["query_id"])
        )


def summarise_recall(
    golden: GoldenSet,
    candidate: QueryResults,
    live: LiveAnswers | None,
    candidate_doc_ids: Collection[str],
    settings: RecallSettings,
    unrelated_similarity: float | None = None,
) -> RecallSummary:
    """Leave out what cannot be measured and compare with live where live was asked the same and could answer.

    A document judged below `min_relevance` is not relevant: a query without any other has no recall and is unjudged.
    """
    health = golden.relevant_from(settings.min_relevance).health(candidate_doc_ids)
    ids = candidate.column("query_id").astype(str)
    asked = ~np.isin(ids, health.stale)
    measured = asked & ~np.isin(ids, health.unjudged)
    same_questions = compared = np.zeros_like(measured)
    comparison = None
    if live is not None and live.results is not None:
        same_questions = measured & candidate.same_questions(live.results)
        compared = same_questions & _answerable(candidate, live.doc_ids)
    if live is not None and live.results is not None and compared.any():
        comparison = compare_results(
            candidate,
            live.results,
            ids[compared],
            margin=settings.margin,
            resamples=settings.resamples,
            seed=settings.seed,
        )
    return RecallSummary(
        golden=golden,
        candidate=candidate,
        live=live,
        health=health,
        asked=asked,
        measured=measured,
        same_questions=same_questions,
        compared=compared,
        comparison=comparison,
        settings=settings,
        unrelated_similarity=unrelated_similarity,
    )


def _answerable(candidate: QueryResults, doc_ids: Collection[str]) -> NDArray[np.bool_]:
    """The queries of whose relevant documents at least one is among `doc_ids`."""
    there = set(doc_ids)
    relevant = candidate.table.column("relevant_doc_ids").to_pylist()
    return np.array([not there.isdisjoint(docs) for docs in relevant], dtype=np.bool_)
