"""The recall gate: does the candidate still find what the golden set says it must?"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet
from kbgate.evaluation.live_answers import LiveAnswers
from kbgate.evaluation.query_results import QueryResults
from kbgate.evaluation.recall_summary import RecallSummary, summarise_recall
from kbgate.gates.recall_against_live import compare_with_live
from kbgate.gates.recall_evidence import check_evidence, count_queries
from kbgate.gates.recall_floor import hold_to_floor
from kbgate.gates.recall_message import tell
from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.sections.recall import RecallSettings

NAME = "recall"


def judge_recall(
    *,
    golden: GoldenSet | None,
    candidate: QueryResults | None,
    live: LiveAnswers | None,
    candidate_doc_ids: Collection[str],
    settings: RecallSettings,
    unrelated_similarity: float | None = None,
) -> GateResult:
    """Hold the candidate to the floor of recall, overall and for each key intent, to live's recall, and to few zero hits.

    Queries without a relevant document, and queries whose relevant documents are all gone from `candidate_doc_ids`
    (the candidate's documents by its ledger), are left out of the means; too many of them are INCONCLUSIVE. A query
    that lost some of its relevant documents keeps them in the denominator: they should have been retrieved.
    Without a golden set or without queries the gate is INCONCLUSIVE. Without live (None) the comparison is left out. The
    `unrelated_similarity` is the candidate's cosine of a question to text that does not answer it (`unrelated_pairs`). The
    rules: `recall_floor`, `recall_against_live`, `recall_same_questions`, `recall_evidence`.

    Raises:
        UsageError: `candidate` was measured on another golden set or with other settings than those given.
    """
    if golden is None or candidate is None or not golden.queries:
        return _unknown(golden, settings)
    _check_measured_so(candidate, golden, settings)
    summary = summarise_recall(golden, candidate, live, candidate_doc_ids, settings, unrelated_similarity)
    measurements = (*hold_to_floor(summary), *check_evidence(summary), *compare_with_live(summary))
    message = tell(summary, measurements)
    return _result(settings, judge(measurements), measurements, message, _details(summary))


def _check_measured_so(candidate: QueryResults, golden: GoldenSet, settings: RecallSettings) -> None:
    wanted = (
        settings.k,
        settings.token_budget,
        settings.min_relevance,
        settings.zero_hit_similarity,
        golden.content_hash,
    )
    found = (
        candidate.k,
        candidate.budget_tokens,
        candidate.min_relevance,
        candidate.zero_hit_similarity,
        candidate.golden_hash,
    )
    if found != wanted:
        raise UsageError(
            "The candidate was measured with (k, token budget, smallest relevant grade, zero-hit similarity, golden set) = "
            f"{found}; wanted is {wanted} for {golden.location}. Run the evaluation again."
        )


def _unknown(golden: GoldenSet | None, settings: RecallSettings) -> GateResult:
    if golden is None:
        found = "No golden set is configured"
    elif golden.queries:
        found = f"The candidate was not measured on {golden.location}"
    else:
        found = f"The golden set {golden.location} has no queries"
    message = f"{found}, so recall is unknown; at least {settings.min_queries} judged queries are wanted."
    advice = "Name a folder with queries.jsonl and qrels.tsv in recall.golden_set."
    measured = count_queries(0, settings.min_queries, message, advice)
    return _result(settings, Verdict.INCONCLUSIVE, (measured,), f"{message} {advice}", {})


def _details(summary: RecallSummary) -> dict[str, Any]:
    """What the report draws beside the measurements."""
    comparison, top = summary.comparison, summary.settings.worst_queries
    return {
        "golden_set": {
            "location": summary.golden.location,
            "content_hash": summary.golden.content_hash,
            "n_measured": int(summary.measured.sum()),
            **asdict(summary.health),
            "note": "Queries in partly_stale keep their vanished documents in the denominator of recall.",
        },
        "overall": summary.overall_row(),
        "intents": summary.intent_rows(),
        "worst_queries": summary.worst_queries()[:top],
        "comparison": asdict(comparison.overall) if comparison else None,
        "n_changed_queries": len(comparison.changes) if comparison else None,
        "changed_queries": [asdict(change) for change in comparison.changes[:top]] if comparison else [],
    }


def _result(
    settings: RecallSettings,
    verdict: Verdict,
    measurements: tuple[Measurement, ...],
    message: str,
    details: dict[str, Any],
) -> GateResult:
    return GateResult(
        name=NAME,
        mode=settings.mode,
        verdict=verdict,
        measurements=measurements,
        message=message,
        details=details,
        settings=settings.model_dump(mode="json"),
    )
