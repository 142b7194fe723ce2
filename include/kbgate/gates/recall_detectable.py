"""How large a true drop of recall must be for the rules of the comparison with live to hold it four times in five."""

import numpy as np
from numpy.typing import NDArray

from kbgate.evaluation.clustered_proportion import ALPHA
from kbgate.evaluation.power import drop_failed_as_inferior, drop_held_by_non_inferiority
from kbgate.evaluation.recall_summary import RecallSummary
from kbgate.gates.recall_values import shown
from kbgate.results import Measurement

NAME = "minimum_detectable_drop"


def detectable_drops(summary: RecallSummary) -> list[Measurement]:
    """One drop overall and one for each tested key intent, by the rule that holds it; none where live is only shown.

    With nothing to compare with it is foreseen for the next ingest, as if no answer changed but those that are lost.
    """
    settings, tested = summary.settings, summary.tested_key_intents
    found = [] if settings.live_rule == "show" else [_held_drop(summary, _rows(summary, None), "", "")]
    for intent in tested:
        rows, suffix = _rows(summary, intent), f"[{intent}]"
        if not rows.any() or settings.intent_live_rule == "show":
            continue
        if settings.intent_live_rule == "non_inferiority":
            found.append(_held_drop(summary, rows, suffix, f" in key intent {intent}"))
        else:
            found.append(_failed_drop(summary, rows, suffix, intent, len(tested)))
    return found


def _rows(summary: RecallSummary, intent: str | None) -> NDArray[np.bool_]:
    if summary.comparison is None:
        return summary.measured if intent is None else summary.measured_of(intent)
    return summary.compared if intent is None else summary.compared_of(intent)


def _differences(summary: RecallSummary, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.zeros(int(rows.sum())) if summary.comparison is None else summary.differences(rows)


def _held_drop(summary: RecallSummary, rows: NDArray[np.bool_], suffix: str, where: str) -> Measurement:
    drop = drop_held_by_non_inferiority(
        _differences(summary, rows), summary.candidate.clusters[rows], summary.settings.margin
    )
    if drop is None:
        told = f"How large a drop{where} would be held cannot be told: all its queries ask for one document."
    elif drop == 0:
        told = f"Even a candidate as good as live{where} would be held 4 times in 5: there are too few questions."
    else:
        told = f"A true drop of {drop:.3f} or more{where} would be held 4 times in 5."
    return shown(f"{NAME}{suffix}", drop, int(rows.sum()), _foreseen(summary, told))


def _failed_drop(
    summary: RecallSummary, rows: NDArray[np.bool_], suffix: str, intent: str, n_tests: int
) -> Measurement:
    """By the test at Holm's first and hardest step."""
    settings, clusters, n = summary.settings, summary.candidate.clusters[rows], int(rows.sum())
    drop = drop_failed_as_inferior(
        _differences(summary, rows), clusters, settings.margin, alpha=ALPHA / n_tests, resamples=settings.resamples
    )
    if drop is None:
        n_documents = np.unique(clusters).size
        told = (
            f"No drop in key intent {intent}, however large, can be shown beyond chance: its {n} queries ask for "
            f"{n_documents} document{'s' if n_documents > 1 else ''}. Add questions about others."
        )
    else:
        told = (
            f"A true drop of {drop:.3f} or more in key intent {intent} would fail it 4 times in 5 (Holm over {n_tests} key "
            f"intents, the margin of {settings.margin:g} included)."
        )
    return shown(f"{NAME}{suffix}", drop, n, _foreseen(summary, told))


def _foreseen(summary: RecallSummary, told: str) -> str:
    return told if summary.comparison else f"Once a version like this is live: {told[0].lower()}{told[1:]}"
