import pytest

from kbgate.gates.drift_measurements import held, reported, unknown
from kbgate.results import Verdict, judge


@pytest.mark.parametrize(
    ("value", "direction", "verdict"),
    [
        (0.3, "max", Verdict.PASSED),
        (0.1 + 0.2, "max", Verdict.PASSED),
        (0.301, "max", Verdict.FAILED),
        (0.3, "min", Verdict.PASSED),
        (0.299, "min", Verdict.FAILED),
        (0.301, "min", Verdict.PASSED),
    ],
)
def test_a_value_on_its_limit_keeps_to_it_and_one_beyond_does_not(value, direction, verdict) -> None:
    assert held("share", value, 0.3, direction, 10, "").verdict is verdict


@pytest.mark.parametrize("direction", ["max", "min"])
def test_what_is_no_number_keeps_to_no_limit(direction) -> None:
    assert held("share", float("nan"), 0.3, direction, 10, "").verdict is Verdict.FAILED


def test_the_interval_stands_beside_the_value_and_does_not_judge() -> None:
    measured = held("share", 0.2, 0.3, "max", 10, "", (0.1, 0.5))
    assert (measured.ci_low, measured.ci_high, measured.verdict) == (0.1, 0.5, Verdict.PASSED)
    assert held("share", 0.2, 0.3, "max", 10, "").ci_low is None


def test_a_reported_number_never_blocks_and_an_unknown_one_always_does() -> None:
    good = held("share", 0.2, 0.3, "max", 10, "")
    assert judge((good, reported("centroid", -1.0, 10, "", (-1.0, 0.0)))) is Verdict.PASSED
    # Alone, it is no evidence for a pass either.
    assert judge((reported("centroid", 1.0, 10, ""),)) is Verdict.INCONCLUSIVE
    assert judge((good, unknown("overlap", "Too few."))) is Verdict.INCONCLUSIVE
