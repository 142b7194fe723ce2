from collections.abc import Collection

from golden_examples import golden_of, hits_of, live_of
from kbgate.evaluation.query_results import QueryResults, measure_queries
from kbgate.evaluation.recall_summary import RecallSummary, summarise_recall
from kbgate.gates.recall_message import ADVICE, tell
from kbgate.gates.recall_values import held, shown
from kbgate.results import Measurement, Verdict
from kbgate.sections.recall import RecallSettings

SETTINGS = RecallSettings()
GOLDEN = golden_of(
    {f"q{i}": {f"d{i}": 1} for i in range(40)},
    {f"q{i}": ("billing", "refunds", "search")[i % 3] for i in range(40)},
    ["billing", "refunds"],
)


def results(missed: Collection[int] = (), k: int = SETTINGS.k) -> QueryResults:
    """Every query finds its document, but those of `missed` find three others."""
    rankings = [["x", "y", "z"] if i in missed else [f"d{i}"] for i in range(40)]
    return measure_queries(GOLDEN, hits_of(rankings), k=k, zero_hit_similarity=SETTINGS.zero_hit_similarity)


def summary(missed: Collection[int] = (), live: QueryResults | None = None) -> RecallSummary:
    return summarise_recall(GOLDEN, results(missed), live_of(live), {f"d{i}" for i in range(40)}, SETTINGS)


def value(name: str, number: float, verdict: Verdict = Verdict.PASSED, advice: str = "") -> Measurement:
    return held(name, number, "min", 0.5, 40, verdict, f"{name} is {number}.", advice)


PASSED = (
    value("recall_at_k", 0.975),
    value("zero_hit_rate", 0.0),
    value("recall_at_k[billing]", 0.9),
    value("recall_at_k[refunds]", 0.8),
    shown("recall_at_k[search]", 0.1, 13, "Recall of search is 0.1."),
    shown("minimum_detectable_drop", 0.04, 40, "A true drop of 0.040 or more would be held."),
)


def test_what_passed_is_told_with_the_lowest_key_intent_and_the_drop_that_would_be_held() -> None:
    told = tell(summary(), PASSED)
    assert told == (
        "recall_at_k is 0.975. Lowest key intent: recall_at_k[refunds] is 0.8. zero_hit_rate is 0.0. "
        "Not compared with live: there is no live version. A true drop of 0.040 or more would be held."
    )


def test_a_change_against_live_is_told_and_a_live_of_another_kind_is_not_taken_for_one() -> None:
    live = results(missed=[1])
    told = tell(summary(missed=[2, 3], live=live), PASSED)
    assert "Against live -0.025 (1 better, 2 worse). It is -0." in told
    other = results(k=7)
    assert "v1.0.0 was asked none of these questions with this k or budget" in tell(summary(live=other), PASSED)


def test_failures_come_first_then_the_worst_query_and_each_advice_once() -> None:
    open_ones = [
        value("n_queries", 40, Verdict.INCONCLUSIVE, "Add questions."),
        value("recall_at_k", 0.4, Verdict.FAILED),
        value("stale_share", 0.1, Verdict.INCONCLUSIVE, "Add questions."),
    ]
    assert tell(summary(missed=[7]), open_ones) == (
        "recall_at_k is 0.4. n_queries is 40. stale_share is 0.1. "
        f"Worst: 'question q7' expected d7, found x, y …. {ADVICE} Add questions."
    )


def test_too_little_evidence_names_no_query_as_the_culprit() -> None:
    told = tell(summary(missed=[7]), [value("n_queries", 40, Verdict.INCONCLUSIVE, "Add questions.")])
    assert told == "n_queries is 40. Add questions. Too little is known to promote."


def test_warnings_are_told_last_and_do_not_make_a_failure() -> None:
    near = value("became_exact", 0.2, Verdict.FAILED).model_copy(update={"severity": "warning"})
    told = tell(summary(missed=[7]), [*PASSED, near])
    assert told.startswith("recall_at_k is 0.975.")
    assert told.endswith("Warning: became_exact is 0.2.")
    assert "Worst" not in told
    failed = [near, value("recall_at_k", 0.4, Verdict.FAILED)]
    assert tell(summary(missed=[7]), failed).endswith(f"{ADVICE} Warning: became_exact is 0.2.")
