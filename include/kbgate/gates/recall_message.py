"""What the recall gate says to a person: what was found, what was wanted, what to do."""

from collections.abc import Sequence
from typing import Any

from kbgate.evaluation.recall_summary import RecallSummary
from kbgate.gates.recall_detectable import NAME
from kbgate.gates.recall_same_questions import why_not_compared
from kbgate.results import Measurement, Verdict

ADVICE = "Do not promote; look at the documents that went missing or were cut."
SHOWN_DOCUMENTS = 2


def tell(summary: RecallSummary, measurements: Sequence[Measurement]) -> str:
    """Return a sentence for each thing that did not pass, failures first, the worst query and advice; else what was found."""
    open_ones = [m for m in measurements if m.verdict is not Verdict.PASSED and m.severity == "critical"]
    open_ones.sort(key=lambda m: m.verdict is not Verdict.FAILED)
    warnings = [f"Warning: {m.message}" for m in measurements if _warns(m)]
    if not open_ones:
        return " ".join([*_found(summary, measurements), *warnings])
    sentences, advice = [m.message for m in open_ones], dict.fromkeys(m.advice for m in open_ones if m.advice)
    if open_ones[0].verdict is Verdict.INCONCLUSIVE:
        return " ".join([*sentences, *advice, "Too little is known to promote.", *warnings])
    return " ".join([*sentences, *map(_describe, summary.worst_queries()[:1]), ADVICE, *advice, *warnings])


def _warns(measured: Measurement) -> bool:
    return measured.severity == "warning" and measured.verdict is not Verdict.PASSED


def _found(summary: RecallSummary, measurements: Sequence[Measurement]) -> list[str]:
    by_name = {m.name: m for m in measurements}
    sentences = [by_name["recall_at_k"].message, by_name["zero_hit_rate"].message]
    keys = [by_name[f"recall_at_k[{intent}]"] for intent, is_key in summary.intents if is_key]
    if keys:
        sentences.insert(1, "Lowest key intent: " + min(keys, key=lambda m: m.value or 0.0).message)
    sentences.append(_against_live(summary))
    sentences += [by_name[name].message for name in ("n_queries_new_to_live", NAME) if name in by_name]
    return sentences


def _against_live(summary: RecallSummary) -> str:
    if summary.comparison is None:
        return f"Not compared with live: {why_not_compared(summary)}."
    paired = summary.comparison.overall
    change = f"Against live {paired.difference:+.3f} ({paired.wins} better, {paired.losses} worse)."
    return f"{change} It is {paired.bounds.low:+.3f} or more with 95 % confidence." if paired.bounds else change


def _describe(query: dict[str, Any]) -> str:
    found = list(dict.fromkeys(query["retrieved"]))
    shown = ", ".join(found[:SHOWN_DOCUMENTS]) or "nothing"
    more = " …" if len(found) > SHOWN_DOCUMENTS else ""
    return (
        f"Worst: {query['text'][:120]!r} expected {', '.join(query['missed'][:SHOWN_DOCUMENTS])}, found {shown}{more}."
    )
