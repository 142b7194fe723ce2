import pytest

from kbgate.quality.masks import RULES
from kbgate.quality.suite_measurements import measure_outcome, measure_share, needs_live, waits_for_live
from kbgate.quality.suites import ExpectationOutcome
from kbgate.results import Verdict


def outcome(**fields):
    return ExpectationOutcome(**{"name": "x", "rule": None, "kind": "expect_it", "column": "c", **fields})


def measured(**fields):
    return measure_outcome(outcome(**{"severity": "critical", **fields}), RULES, "documents", "Mend it.")


def test_a_share_at_its_limit_passes_and_one_above_it_fails_with_advice():
    at, above = (measure_share("s", n, 100, 0.02, "are bad", "Mend them.") for n in (2, 3))
    assert (at.verdict, at.advice) == (Verdict.PASSED, "")
    assert (above.verdict, above.advice) == (Verdict.FAILED, "Mend them.")
    assert above.message == "3.0 % are bad (3 of 100); the limit is 2 %."
    assert above.ci_low < above.value < above.ci_high


def test_rows_that_break_a_rule_are_told_in_its_words():
    found = measured(rule="empty_text", success=False, n=40, n_unexpected=6, max_share=0.02)
    assert found.message == "15.0 % of documents have no text (6 of 40); the limit is 2 %."
    assert (found.verdict, found.direction, found.n) == (Verdict.FAILED, "max", 40)


def test_an_expectation_without_a_rule_names_itself():
    found = measured(name="mine", success=False, n=10, n_unexpected=1, max_share=0)
    assert "break the expectation mine (expect_it on c)" in found.message


def test_an_expectation_that_looked_at_no_row_has_no_value_and_no_limit_to_keep():
    found = measured(success=True, n=0, n_unexpected=0, max_share=0.1)
    assert (found.value, found.direction, found.verdict) == (None, "info", Verdict.PASSED)


@pytest.mark.parametrize(
    ("observed", "direction", "threshold"), [(5.0, "min", 10), (25.0, "max", 20), (15.0, "max", 20)]
)
def test_a_number_is_shown_beside_the_bound_that_matters(observed, direction, threshold):
    found = measured(success=10 <= observed <= 20, observed=observed, low=10, high=20)
    assert (found.value, found.direction, found.threshold) == (observed, direction, threshold)
    assert f"found {observed:g}; wanted at least 10 and at most 20." in found.message


def test_a_mild_expectation_stays_a_warning():
    assert measured(severity="warning", success=False, observed=1.0, low=2).severity == "warning"


def test_what_waits_for_live_is_open_and_told_apart_from_what_is_open_otherwise():
    waiting = measured(success=False, waits_for=("live_mean",))
    assert (waiting.verdict, waits_for_live(waiting)) == (Verdict.INCONCLUSIVE, True)
    assert "live_mean" in waiting.message
    assert waits_for_live(needs_live("n", "It"))
    assert not waits_for_live(needs_live("n", "It").model_copy(update={"message": "No text has a token."}))
    assert not waits_for_live(measure_share("s", 3, 100, 0.02, "are bad", ""))
