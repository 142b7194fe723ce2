"""Whether live was asked enough of the candidate's questions to compare the two, and what is left out of the comparison.

Live embedded by another model cannot be asked again: what its own run measured is compared, as far as questions and
judgements are still the same.
"""

import numpy as np
from numpy.typing import NDArray

from kbgate.evaluation.live_answers import LiveAnswers
from kbgate.evaluation.recall_summary import RecallSummary
from kbgate.gates.recall_values import held, shown
from kbgate.results import Measurement, Verdict

ADVICE = (
    "Change the embedding model with k, budget and golden set as live was measured, and edit them in a later ingest; or set "
    "recall.live_rule and recall.intent_live_rule to 'show' for this one by pull request."
)


def count_same_questions(summary: RecallSummary) -> list[Measurement]:
    """Questions that live was asked too, if not all; overall and for each key intent too few of them are INCONCLUSIVE.

    Beside it, for show, the questions whose documents are new to live.
    """
    live, settings = summary.live, summary.settings
    if live is None:
        return []
    found = [_enough(summary, live, "n_queries_asked_of_live", "", summary.measured, settings.min_queries)]
    if settings.live_rule == "show":
        found = []
    for intent in summary.tested_key_intents if settings.intent_live_rule != "show" else ():
        name, rows = f"n_intent_queries_asked_of_live[{intent}]", summary.measured_of(intent)
        found.append(_enough(summary, live, name, f" of key intent {intent}", rows, settings.min_intent_queries))
    return [measured for measured in [*found, _new_to_live(summary)] if measured is not None]


def why_not_compared(summary: RecallSummary) -> str:
    """A clause for a person: why there is no comparison with live."""
    live = summary.live
    if live is None:
        return "there is no live version"
    if live.results is None:
        return f"{live.version} was embedded by another model and its run left no answers"
    if not summary.same_questions.any():
        return f"{live.version} was asked none of these questions with this k or budget and these judgements"
    return f"{live.version} has none of the documents that the questions ask for"


def _enough(
    summary: RecallSummary, live: LiveAnswers, name: str, of: str, rows: NDArray[np.bool_], fewest: int
) -> Measurement | None:
    n, n_asked = int((rows & summary.same_questions).sum()), int(rows.sum())
    if n == n_asked:
        return None
    verdict = Verdict.PASSED if n >= fewest else Verdict.INCONCLUSIVE
    message = (
        f"Live ({live.version}), embedded by another model, was asked {n} of the {n_asked} queries{of} in the same words, "
        f"with the same judgements and k or budget; at least {fewest} are wanted to compare the two."
    )
    return held(name, n, "min", fewest, n, verdict, message, ADVICE)


def _new_to_live(summary: RecallSummary) -> Measurement | None:
    n = int((summary.same_questions & ~summary.compared).sum())
    if not n:
        return None
    message = (
        f"{n} queries ask only for documents that live does not have; they are not compared with live, which cannot answer "
        "them."
    )
    return shown("n_queries_new_to_live", n, int(summary.same_questions.sum()), message)
