import pytest

from kbgate.evaluation.intervals import Interval
from kbgate.gates.recall_values import held, percent, sample, shown
from kbgate.results import Verdict, judge

RANGE = Interval(0.812, 0.957)


@pytest.mark.parametrize(
    ("verdict", "advice"), [(Verdict.PASSED, ""), (Verdict.FAILED, "Ask."), (Verdict.INCONCLUSIVE, "Ask.")]
)
def test_advice_is_for_what_did_not_pass(verdict: Verdict, advice: str) -> None:
    found = held("recall_at_k", 0.9, "min", 0.85, 120, verdict, "Recall is 0.9.", "Ask.", RANGE)
    assert (found.verdict, found.advice, found.severity) == (verdict, advice, "critical")
    assert (found.value, found.threshold, found.direction, found.n) == (0.9, 0.85, "min", 120)
    assert (found.ci_low, found.ci_high) == (0.812, 0.957)


def test_a_number_that_is_only_shown_decides_nothing() -> None:
    found = shown("mrr", 0.1, 120, "Low.", RANGE)
    assert (found.threshold, found.direction, found.ci_low, found.ci_high) == (None, "info", 0.812, 0.957)
    passed = held("recall_at_k", 0.9, "min", 0.85, 120, Verdict.PASSED, "")
    assert judge((passed, found)) is Verdict.PASSED
    assert judge((found,)) is Verdict.INCONCLUSIVE


def test_an_interval_that_is_not_known_is_left_out_of_numbers_and_sentence() -> None:
    found = shown("mrr", None, 0, "")
    assert (found.ci_low, found.ci_high) == (None, None)
    assert sample(120, None) == "n = 120"
    assert sample(120, RANGE) == "n = 120, 95 % interval 0.81 to 0.96"


@pytest.mark.parametrize(("share", "text"), [(0, "0.0 %"), (1 / 19, "5.3 %"), (0.0004, "0.0 %"), (1, "100.0 %")])
def test_a_share_is_written_as_a_percentage(share: float, text: str) -> None:
    assert percent(share) == text
