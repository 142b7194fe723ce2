"""Recall and zero hits against fixed limits, overall and for each key intent."""

import numpy as np
from numpy.typing import NDArray

from kbgate.evaluation.clustered_proportion import ALPHA, lower_bound, p_below
from kbgate.evaluation.intervals import wilson_interval
from kbgate.evaluation.multiplicity import adjust_holm
from kbgate.evaluation.recall_summary import RecallSummary
from kbgate.gates.recall_values import ROUNDING, held, percent, sample, shown
from kbgate.results import Measurement, Verdict

ADD_QUESTIONS = "Add questions."


def hold_to_floor(summary: RecallSummary) -> list[Measurement]:
    """Recall overall and of each intent, the other metrics for show, and the share of questions that found nothing."""
    rows, name = summary.measured, summary.recall_name
    return [
        # How many queries are enough overall is a measurement of its own, so a low recall is called low here.
        _at_least_floor(summary, "recall_at_k", name, rows, fewest=1),
        _bound(summary),
        _mean(summary, "hit_rate_at_k", "hit", rows, "Queries with a relevant document among the chunks retrieved."),
        _mean(summary, "mrr", "reciprocal_rank", rows, "Mean reciprocal rank of the first relevant document."),
        _mean(summary, "ndcg_at_k", "ndcg", rows, "Normalised discounted cumulative gain, linear gains."),
        *_per_intent(summary),
        _zero_hits(summary),
        *_blind_zero_hits(summary),
    ]


def _at_least_floor(summary: RecallSummary, name: str, label: str, rows: NDArray[np.bool_], fewest: int) -> Measurement:
    """The point rule; fewer than `fewest` queries are too little evidence either way."""
    value, interval = summary.mean("recall", rows)
    n, floor = int(rows.sum()), summary.settings.min_recall
    if value is None:
        verdict, message = Verdict.INCONCLUSIVE, f"{label} is unknown: none of its queries can be measured."
    elif n < fewest:
        verdict = Verdict.INCONCLUSIVE
        message = f"{label} rests on {n} queries, at least {fewest} are wanted (so far {value:.3f})."
    else:
        verdict = Verdict.PASSED if value >= floor - ROUNDING else Verdict.FAILED
        message = f"{label} is {value:.3f} ({sample(n, interval)}); at least {floor:g} is wanted."
    advice = ADD_QUESTIONS if verdict is Verdict.INCONCLUSIVE else ""
    return held(name, value, "min", floor, n, verdict, message, advice, interval)


def _bound(summary: RecallSummary) -> Measurement:
    """How low recall may be; judged where the rule asks for it, since a recall above the floor can be luck."""
    settings, rows, name = summary.settings, summary.measured, "recall_at_k_lower_bound"
    recall, n = summary.candidate.column("recall")[rows], int(rows.sum())
    bound = lower_bound(recall, summary.candidate.clusters[rows])
    if bound is None:
        message = f"How low {summary.recall_name} may be is unknown: it rests on fewer than two documents."
    else:
        message = f"{summary.recall_name} is {bound:.3f} or more with 95 % confidence (one-sided)"
        message += "." if settings.rule == "point" else f"; at least {settings.min_recall:g} is wanted."
    if settings.rule == "point":
        return shown(name, bound, n, message)
    reached = bound is not None and bound >= settings.min_recall - ROUNDING
    # A recall that is itself below the floor is FAILED by the point rule beside this one.
    verdict = Verdict.PASSED if reached else Verdict.INCONCLUSIVE
    return held(name, bound, "min", settings.min_recall, n, verdict, message, ADD_QUESTIONS)


def _per_intent(summary: RecallSummary) -> list[Measurement]:
    fewest, found = summary.settings.min_intent_queries, []
    by_holm = _below_floor(summary) if summary.settings.intent_rule == "holm" else {}
    for intent, is_key in summary.intents:
        name, rows = f"recall_at_k[{intent}]", summary.measured_of(intent)
        if not is_key:
            message = f"{summary.recall_name} of intent {intent}, reported only."
            found.append(_mean(summary, name, "recall", rows, message))
        elif intent in by_holm:
            value, interval = summary.mean("recall", rows)
            message = (
                f"{summary.recall_name} of key intent {intent} is {value:.3f} ({sample(int(rows.sum()), interval)})."
            )
            found += [shown(name, value, int(rows.sum()), message, interval), by_holm[intent]]
        else:
            label = f"{summary.recall_name} of key intent {intent}"
            found.append(_at_least_floor(summary, name, label, rows, fewest))
    return found


def _below_floor(summary: RecallSummary) -> dict[str, Measurement]:
    """For each key intent with enough queries on two documents or more: is it below the floor, beyond chance?"""
    settings, tests = summary.settings, {}
    for intent in summary.tested_key_intents:
        rows = summary.measured_of(intent)
        p_value = p_below(
            summary.candidate.column("recall")[rows], summary.candidate.clusters[rows], settings.min_recall
        )
        if p_value is not None:
            tests[intent] = p_value
    found = {}
    for intent, adjusted in zip(tests, adjust_holm(list(tests.values())), strict=True):
        recall, interval = summary.mean("recall", summary.measured_of(intent))
        n, is_below = int(summary.measured_of(intent).sum()), adjusted < ALPHA
        finding = "is below the floor beyond chance" if is_below else "is not below the floor beyond chance"
        message = (
            f"{summary.recall_name} of key intent {intent} is {recall:.3f} ({sample(n, interval)}): it {finding} of "
            f"{settings.min_recall:g} (p = {adjusted:.2g} after Holm over {len(tests)} key intents, {ALPHA:g} is the limit)."
        )
        verdict = Verdict.FAILED if is_below else Verdict.PASSED
        found[intent] = held(f"below_floor_p[{intent}]", adjusted, "min", ALPHA, n, verdict, message)
    return found


def _zero_hits(summary: RecallSummary) -> Measurement:
    zero, limit = summary.candidate.column("zero_hit")[summary.asked], summary.settings.max_zero_hit_rate
    n, name = int(zero.size), "zero_hit_rate"
    if not n:
        message = "The zero-hit rate is unknown: no query can be measured."
        return held(name, None, "max", limit, 0, Verdict.INCONCLUSIVE, message)
    value, interval = float(zero.mean()), wilson_interval(int(zero.sum()), n)
    message = (
        f"{percent(value)} of queries found nothing with a similarity of {summary.settings.zero_hit_similarity:g} or "
        f"more ({sample(n, interval)}); at most {percent(limit)} is wanted."
    )
    verdict = Verdict.PASSED if value <= limit + ROUNDING else Verdict.FAILED
    return held(name, value, "max", limit, n, verdict, message, interval=interval)


def _blind_zero_hits(summary: RecallSummary) -> list[Measurement]:
    """A warning where any text is similar enough to count as found: the zero-hit rate then sees nothing."""
    found, limit = summary.unrelated_similarity, summary.settings.zero_hit_similarity
    if found is None:
        return []
    name, n = "unrelated_similarity", int(summary.asked.sum())
    message = f"Questions have a similarity of {found:.2f} (median) to chunks drawn at random"
    if found < limit:
        return [shown(name, found, n, f"{message}.")]
    message += (
        f", and from {limit:g} on a chunk counts as found: with this model and these documents the zero-hit rate sees nothing. Set "
        "recall.zero_hit_similarity above what unrelated text has."
    )
    return [shown(name, found, n, message).model_copy(update={"verdict": Verdict.INCONCLUSIVE})]


def _mean(summary: RecallSummary, name: str, metric: str, rows: NDArray[np.bool_], message: str) -> Measurement:
    value, interval = summary.mean(metric, rows)
    return shown(name, value, int(rows.sum()), message, interval)
