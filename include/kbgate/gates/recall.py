"""The recall gate: does the candidate still find what the golden set says it must?"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet
from kbgate.evaluation.intervals import Interval, wilson_interval
from kbgate.evaluation.query_results import QueryResults
from kbgate.evaluation.recall_summary import RecallSummary, summarise_recall
from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.sections.recall import RecallSettings

NAME = "recall"
ROUNDING = 1e-9
"""A mean of thirds that is the threshold but for the last bit of a float has reached it."""
ADVICE = "Do not promote; look at the documents that went missing or were cut."
SHOWN_DOCUMENTS = 2


def judge_recall(
    *,
    golden: GoldenSet | None,
    candidate: QueryResults | None,
    live: QueryResults | None,
    candidate_doc_ids: Collection[str],
    settings: RecallSettings,
) -> GateResult:
    """Hold the candidate to the smallest recall overall and for each key intent, and to the largest share of zero hits.

    Queries without a relevant document, and queries whose relevant documents are all gone from `candidate_doc_ids`
    (the candidate's documents by its ledger), are left out of the means; too many of them are INCONCLUSIVE. A query
    that lost some of its relevant documents keeps them in the denominator: they should have been retrieved.
    Without a golden set or without queries the gate is INCONCLUSIVE. Without live only the comparison is left out.

    Raises:
        UsageError: `candidate` was measured on another golden set or with other settings than those given.
    """
    if golden is None or candidate is None or not golden.queries:
        return _unknown(golden, settings)
    wanted = (settings.k, settings.zero_hit_similarity, golden.content_hash)
    found = (candidate.k, candidate.zero_hit_similarity, candidate.golden_hash)
    if found != wanted:
        raise UsageError(
            f"The candidate was measured with (k, zero-hit similarity, golden set) = {found}; wanted is {wanted} "
            f"for {golden.location}. Run the evaluation again."
        )
    summary = summarise_recall(golden, candidate, live, candidate_doc_ids, settings)
    measurements = (
        *_overall(summary),
        *_per_intent(summary),
        _zero_hits(summary),
        *_enough_evidence(summary),
        *_against_live(summary),
    )
    message = _message(summary, measurements, live)
    return _result(settings, judge(measurements), measurements, message, _details(summary))


def _unknown(golden: GoldenSet | None, settings: RecallSettings) -> GateResult:
    if golden is None:
        found = "No golden set is configured"
    elif golden.queries:
        found = f"The candidate was not measured on {golden.location}"
    else:
        found = f"The golden set {golden.location} has no queries"
    message = (
        f"{found}, so recall is unknown; at least {settings.min_queries} judged queries are wanted. "
        "Name a folder with queries.jsonl and qrels.tsv in recall.golden_set."
    )
    return _result(settings, Verdict.INCONCLUSIVE, (_n_queries(0, settings.min_queries, message),), message, {})


def _overall(summary: RecallSummary) -> list[Measurement]:
    k, rows = summary.settings.k, summary.measured
    return [
        # How many queries are enough overall is a measurement of its own, so a low recall is called low here.
        _recall(summary, "recall_at_k", f"Recall@{k}", rows, fewest=1),
        _mean(summary, "hit_rate_at_k", "hit", rows, f"Queries with a relevant document among the {k} best chunks."),
        _mean(summary, "mrr", "reciprocal_rank", rows, "Mean reciprocal rank of the first relevant document."),
        _mean(summary, "ndcg_at_k", "ndcg", rows, "Normalised discounted cumulative gain, linear gains."),
    ]


def _per_intent(summary: RecallSummary) -> list[Measurement]:
    k, found = summary.settings.k, []
    for intent, is_key in summary.intents:
        name, rows = f"recall_at_k[{intent}]", summary.measured_of(intent)
        if is_key:
            label = f"Recall@{k} of key intent {intent}"
            found.append(_recall(summary, name, label, rows, fewest=summary.settings.min_intent_queries))
        else:
            found.append(_mean(summary, name, "recall", rows, f"Recall@{k} of intent {intent}, reported only."))
    return found


def _recall(summary: RecallSummary, name: str, label: str, rows: NDArray[np.bool_], fewest: int) -> Measurement:
    """Recall of some queries held to the floor; fewer than `fewest` of them are too little evidence either way."""
    value, interval = summary.mean("recall", rows)
    n, floor = int(rows.sum()), summary.settings.min_recall
    if value is None:
        verdict, message = Verdict.INCONCLUSIVE, f"{label} is unknown: none of its queries can be measured."
    elif n < fewest:
        verdict = Verdict.INCONCLUSIVE
        message = f"{label} rests on {n} queries, at least {fewest} are wanted (so far {value:.3f}). Add questions."
    else:
        verdict = Verdict.PASSED if value >= floor - ROUNDING else Verdict.FAILED
        message = f"{label} is {value:.3f} ({_sample(n, interval)}); at least {floor:g} is wanted."
    return _held(name, value, "min", floor, n, interval, verdict, message)


def _zero_hits(summary: RecallSummary) -> Measurement:
    zero, limit = summary.candidate.column("zero_hit")[summary.asked], summary.settings.max_zero_hit_rate
    n, name = int(zero.size), "zero_hit_rate"
    if not n:
        message = "The zero-hit rate is unknown: no query can be measured."
        return _held(name, None, "max", limit, 0, None, Verdict.INCONCLUSIVE, message)
    value, interval = float(zero.mean()), wilson_interval(int(zero.sum()), n)
    message = (
        f"{_percent(value)} of queries found nothing with a similarity of {summary.settings.zero_hit_similarity:g} or "
        f"more ({_sample(n, interval)}); at most {_percent(limit)} is wanted."
    )
    verdict = Verdict.PASSED if value <= limit + ROUNDING else Verdict.FAILED
    return _held(name, value, "max", limit, n, interval, verdict, message)


def _enough_evidence(summary: RecallSummary) -> list[Measurement]:
    """Whether the golden set can carry a verdict; what falls short here is INCONCLUSIVE, not FAILED."""
    settings, health, where = summary.settings, summary.health, summary.golden.location
    n = int(summary.measured.sum())
    few = (
        f"Only {n} of the {health.n_queries} queries of {where} can be measured; at least {settings.min_queries} are "
        "wanted. Add questions."
    )
    unjudged = f"have no relevant document (such as {', '.join(health.unjudged[:3])}). Judge them in qrels.tsv."
    stale = (
        f"ask for documents that the candidate no longer has (such as {', '.join(health.vanished_documents[:3])}). "
        f"Find out why they left; if that is meant, take the queries out of {where}."
    )
    return [
        _n_queries(n, settings.min_queries, few),
        _share("unjudged_share", len(health.unjudged), health.n_queries, settings.max_unjudged_share, unjudged),
        _share("stale_share", len(health.stale), health.n_queries, settings.max_stale_share, stale),
        *_stale_per_key_intent(summary),
    ]


def _stale_per_key_intent(summary: RecallSummary) -> list[Measurement]:
    """The same share for each key intent: a topic that vanished is a small part of all queries, and its recall stays high."""
    found, stale = [], set(summary.health.stale)
    for intent in sorted(summary.golden.key_intents):
        asked = [query.query_id for query in summary.golden.queries if query.intent == intent]
        count = len(stale.intersection(asked))
        finding = f"of key intent {intent} ask for documents that the candidate no longer has. Find out why they left."
        name = f"stale_share[{intent}]"
        found.append(_share(name, count, len(asked), summary.settings.max_stale_share, finding))
    return found


def _n_queries(n: int, fewest: int, if_too_few: str) -> Measurement:
    verdict = Verdict.PASSED if n >= fewest else Verdict.INCONCLUSIVE
    message = f"{n} queries can be measured; at least {fewest} are wanted." if n >= fewest else if_too_few
    return _held("n_queries", n, "min", fewest, n, None, verdict, message)


def _share(name: str, count: int, n: int, limit: float, finding: str) -> Measurement:
    verdict = Verdict.PASSED if count / n <= limit + ROUNDING else Verdict.INCONCLUSIVE
    message = f"{_percent(count / n)} of queries (at most {_percent(limit)} is wanted) {finding}" if count else ""
    return _held(name, count / n, "max", limit, n, None, verdict, message)


def _against_live(summary: RecallSummary) -> list[Measurement]:
    """The paired difference and the smallest drop that could be seen; both are shown and not judged."""
    k, n, drop = summary.settings.k, int(summary.measured.sum()), summary.minimum_detectable_drop
    if not n:
        return []
    if summary.comparison is None:
        how = f"The smallest drop of recall@{k} this golden set shows (80 % power), both versions taken as independent."
        return [_shown("minimum_detectable_drop", drop, n, None, how)]
    paired = summary.comparison.overall
    change = (
        f"Recall@{k} of the candidate minus live's on the same {n} queries: "
        f"{paired.wins} better, {paired.losses} worse, {paired.ties} equal."
    )
    how = f"The smallest drop of recall@{k} against live that these queries show (80 % power, one-sided 5 %)."
    return [
        _shown("candidate_minus_live", paired.difference, n, paired.interval, change),
        _shown("minimum_detectable_drop", drop, n, None, how),
    ]


def _message(summary: RecallSummary, measurements: tuple[Measurement, ...], live: QueryResults | None) -> str:
    """A sentence for each thing that did not pass, failures first, the worst query and advice; else what was found."""
    open_ones = [m for m in measurements if m.verdict is not Verdict.PASSED]
    if open_ones:
        sentences = [m.message for m in sorted(open_ones, key=lambda m: m.verdict is not Verdict.FAILED)]
        if all(m.verdict is Verdict.INCONCLUSIVE for m in open_ones):
            return " ".join([*sentences, "Too little is known to promote."])
        return " ".join([*sentences, *map(_describe, summary.worst_queries()[:1]), ADVICE])

    by_name = {m.name: m for m in measurements}
    sentences = [by_name["recall_at_k"].message, by_name["zero_hit_rate"].message]
    keys = [by_name[f"recall_at_k[{intent}]"] for intent, is_key in summary.intents if is_key]
    if keys:
        sentences.insert(1, "Lowest key intent: " + min(keys, key=lambda m: m.value or 0.0).message)
    if summary.comparison:
        paired = summary.comparison.overall
        sentences.append(f"Against live {paired.difference:+.3f} ({paired.wins} better, {paired.losses} worse).")
    else:
        why = "there is no live version" if live is None else "live was measured with another k or golden set"
        sentences.append(f"Not compared with live: {why}.")
    drop = summary.minimum_detectable_drop
    return " ".join([*sentences, *([] if drop is None else [f"A drop smaller than {drop:.3f} may go unseen."])])


def _describe(query: dict[str, Any]) -> str:
    found = list(dict.fromkeys(query["retrieved"]))
    shown = ", ".join(found[:SHOWN_DOCUMENTS]) or "nothing"
    more = " …" if len(found) > SHOWN_DOCUMENTS else ""
    return (
        f"Worst: {query['text'][:120]!r} expected {', '.join(query['missed'][:SHOWN_DOCUMENTS])}, found {shown}{more}."
    )


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
        "intents": summary.intent_rows(),
        "worst_queries": summary.worst_queries()[:top],
        "comparison": asdict(comparison.overall) if comparison else None,
        "n_changed_queries": len(comparison.changes) if comparison else None,
        "changed_queries": [asdict(change) for change in comparison.changes[:top]] if comparison else [],
    }


def _mean(summary: RecallSummary, name: str, metric: str, rows: NDArray[np.bool_], message: str) -> Measurement:
    value, interval = summary.mean(metric, rows)
    return _shown(name, value, int(rows.sum()), interval, message)


def _shown(name: str, value: float | None, n: int, interval: Interval | None, message: str) -> Measurement:
    """A number that is not judged; "warning" keeps it out of the verdict."""
    return Measurement(name=name, value=value, n=n, **_bounds(interval), severity="warning", message=message)


def _held(
    name: str,
    value: float | None,
    direction: Literal["min", "max"],
    threshold: float,
    n: int,
    interval: Interval | None,
    verdict: Verdict,
    message: str,
) -> Measurement:
    return Measurement(
        name=name,
        value=value,
        threshold=threshold,
        direction=direction,
        n=n,
        **_bounds(interval),
        verdict=verdict,
        message=message,
    )


def _bounds(interval: Interval | None) -> dict[str, Any]:
    return {"ci_low": interval.low if interval else None, "ci_high": interval.high if interval else None}


def _sample(n: int, interval: Interval | None) -> str:
    return f"n = {n}, 95 % interval {interval.low:.2f} to {interval.high:.2f}" if interval else f"n = {n}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


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
