"""The candidate's recall against live's on the same queries: no worse than a margin overall, not worse in a key intent."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kbgate.evaluation.clustered_proportion import ALPHA
from kbgate.evaluation.comparison import PairedDifference
from kbgate.evaluation.multiplicity import adjust_holm
from kbgate.evaluation.power import queries_wanted
from kbgate.evaluation.recall_summary import RecallSummary
from kbgate.gates.recall_detectable import detectable_drops
from kbgate.gates.recall_same_questions import count_same_questions
from kbgate.gates.recall_values import ROUNDING, held, shown
from kbgate.results import Measurement, Verdict

LOOK = (
    "Look at the queries that got worse (changed_queries of gates/recall.json) and at the documents they should find."
)


def compare_with_live(summary: RecallSummary) -> list[Measurement]:
    """Non-inferiority overall, a test for each key intent, and the smallest drops that these would hold.

    Overall, the one-sided 95 % lower bound of candidate minus live above -margin is PASSED, the upper bound below -margin
    is FAILED, anything else INCONCLUSIVE. A key intent has too few questions to prove that, so by default it is FAILED if
    it is shown to be worse by more than the margin, Holm's correction over all key intents, and PASSED otherwise.
    Too few questions that live was asked too are INCONCLUSIVE (`recall_same_questions`). Without live only the smallest
    drops are shown.
    """
    if not summary.measured.any():
        return []
    found = count_same_questions(summary)
    if summary.comparison is not None:
        found += [*_overall(summary, summary.comparison.overall), *_key_intents(summary, summary.comparison.intents)]
    return [*found, *detectable_drops(summary), *_became_exact(summary)]


def _overall(summary: RecallSummary, paired: PairedDifference) -> list[Measurement]:
    settings, name = summary.settings, "candidate_minus_live_lower_bound"
    change = shown("candidate_minus_live", paired.difference, paired.n, _change(summary, paired), paired.interval)
    low = paired.bounds.low if paired.bounds else None
    verdict = _non_inferiority(paired, settings.margin)
    message = f"{_change(summary, paired)} {_how_far(paired, verdict, settings.margin)}"
    if settings.live_rule == "show":
        return [change, shown(name, low, paired.n, message)]
    advice = LOOK if verdict is Verdict.FAILED else f"{LOOK} {_questions_that_would_tell(summary)}"
    return [change, held(name, low, "min", -settings.margin, paired.n, verdict, message, advice)]


def _non_inferiority(paired: PairedDifference, margin: float) -> Verdict:
    if paired.bounds is None:
        return Verdict.INCONCLUSIVE if paired.losses else Verdict.PASSED
    if paired.bounds.low > -margin + ROUNDING:
        return Verdict.PASSED
    return Verdict.FAILED if paired.bounds.high < -margin - ROUNDING else Verdict.INCONCLUSIVE


def _change(summary: RecallSummary, paired: PairedDifference, of: str = "") -> str:
    moved = f"{paired.wins} better, {paired.losses} worse, {paired.ties} equal"
    return (
        f"{summary.recall_name}{of} is {paired.candidate:.3f}, live's is {paired.live:.3f} on the same {paired.n} queries: "
        f"{paired.difference:+.3f} ({moved})."
    )


def _how_far(paired: PairedDifference, verdict: Verdict, margin: float) -> str:
    if paired.bounds is None and not paired.losses:
        return "No query got worse."
    if paired.bounds is None:
        return "How sure that is cannot be told: all queries that changed ask for one document."
    if verdict is Verdict.FAILED:
        return f"It fell by {-paired.bounds.high:.3f} or more (95 % sure); less than {margin:g} is wanted."
    worst = max(0.0, -paired.bounds.low)
    told = f"It is at most {worst:.3f} below live's" if worst else "It is not below live's"
    return f"{told} (95 % sure); less than {margin:g} is wanted."


def _questions_that_would_tell(summary: RecallSummary) -> str:
    rows, margin = summary.compared, summary.settings.margin
    wanted = queries_wanted(summary.differences(rows), summary.candidate.clusters[rows], margin)
    if wanted is None or wanted <= rows.sum():
        return ""
    return f"About {wanted} questions would tell whether such a change is a drop of {margin:g}."


def _key_intents(summary: RecallSummary, intents: Mapping[str, PairedDifference]) -> list[Measurement]:
    """One test for each key intent that is compared; those with too few queries are told by the floor's rule."""
    paired = {intent: intents[intent] for intent in summary.tested_key_intents if intent in intents}
    p_values = {intent: found.p_worse for intent, found in paired.items() if found.p_worse is not None}
    adjusted = dict(zip(p_values, adjust_holm(list(p_values.values())), strict=True))
    return [_key_intent(summary, intent, each, adjusted.get(intent), len(adjusted)) for intent, each in paired.items()]


def _key_intent(
    summary: RecallSummary, intent: str, paired: PairedDifference, p_value: float | None, n_tests: int
) -> Measurement:
    settings, change = summary.settings, _change(summary, paired, f" of key intent {intent}")
    is_worse = p_value is not None and p_value < ALPHA
    if settings.intent_live_rule == "show":
        return shown(f"candidate_minus_live[{intent}]", paired.difference, paired.n, change, paired.interval)
    if settings.intent_live_rule == "non_inferiority":
        name, low = f"candidate_minus_live_lower_bound[{intent}]", paired.bounds.low if paired.bounds else None
        verdict = _non_inferiority(paired, settings.margin)
        if verdict is not Verdict.PASSED:
            verdict = Verdict.FAILED if is_worse else Verdict.INCONCLUSIVE
        message = f"{change} {_how_far(paired, verdict, settings.margin)}"
        return held(name, low, "min", -settings.margin, paired.n, verdict, message, LOOK)
    name, beyond = f"worse_than_live_p[{intent}]", f"below live by more than {settings.margin:g} beyond chance"
    if p_value is None:
        verdict, message = Verdict.INCONCLUSIVE, f"{change} {_how_far(paired, Verdict.INCONCLUSIVE, settings.margin)}"
    else:
        verdict = Verdict.FAILED if is_worse else Verdict.PASSED
        by = f"(p = {p_value:.2g} after Holm over {n_tests} key intents, {ALPHA:g} is the limit)"
        message = f"{change} It is {beyond if is_worse else f'not {beyond}'} {by}."
    return held(name, p_value, "min", ALPHA, paired.n, verdict, message, LOOK)


def _became_exact(summary: RecallSummary) -> list[Measurement]:
    """A recall of exactly 0 or 1 that was neither before is more often a broken measurement than a real one."""
    slices = [("", "", summary.compared)]
    slices += [(f"[{intent}]", f" of intent {intent}", summary.compared_of(intent)) for intent, _ in summary.intents]
    found = [_exact(summary, suffix, of, rows) for suffix, of, rows in slices if rows.any()]
    return [measured for measured in found if measured is not None]


def _exact(summary: RecallSummary, suffix: str, of: str, rows: NDArray[np.bool_]) -> Measurement | None:
    live, value = summary.live_recall[rows], float(summary.candidate.column("recall")[rows].mean())
    if value not in (0.0, 1.0) or live.mean() in (0.0, 1.0):
        return None
    what = (
        "Look whether questions or their answers slipped into the documents."
        if value
        else "Look whether ids of documents changed or the topic left the index."
    )
    message = (
        f"{summary.recall_name}{of} is exactly {value:g} and was {live.mean():.3f} on live ({int(rows.sum())} queries). "
        f"{what}"
    )
    return shown(f"recall_became_exact{suffix}", value, int(rows.sum()), message).model_copy(
        update={"verdict": Verdict.INCONCLUSIVE}
    )
