"""A value at its limit passes, one beyond it fails and says what to do."""

import pytest

from kbgate.quality.held_measurement import hold_to_most
from kbgate.results import Verdict


@pytest.mark.parametrize(
    ("value", "verdict", "advice"), [(0.02, Verdict.PASSED, ""), (0.021, Verdict.FAILED, "Mend it.")]
)
def test_the_limit_itself_passes(value: float, verdict: Verdict, advice: str) -> None:
    found = hold_to_most("share", value, 0.02, 40, "What was found.", "Mend it.")
    assert (found.verdict, found.advice) == (verdict, advice)
    assert (found.value, found.threshold, found.direction, found.n) == (value, 0.02, "max", 40)


def test_a_value_that_is_no_number_fails() -> None:
    assert hold_to_most("share", float("nan"), 0.02, 40, "", "Mend it.").verdict is Verdict.FAILED
