"""Only more of what breaks a rule than live has is held."""

import pytest

from kbgate.quality.rule_increase import measure_rule_increase
from kbgate.results import Verdict


@pytest.mark.parametrize(
    ("count", "n", "live_share", "verdict"),
    [
        (12, 150, 0.0, "failed"),
        (3, 150, 0.0, "passed"),
        (1, 5, 0.0, "failed"),
        (1, 10, 0.0, "passed"),
        (90, 150, 0.6, "passed"),
        (110, 150, 0.6, "failed"),
    ],
)
def test_the_certain_increase_is_held(count: int, n: int, live_share: float, verdict: str) -> None:
    found = measure_rule_increase("markup", "hold leftover markup", count, n, live_share, 0.02, "Look at it.")
    assert found.name == "markup_increase"
    assert "of documents hold leftover markup" in found.message
    assert found.verdict == verdict
    assert (found.value <= found.threshold) is (found.verdict is Verdict.PASSED)


def test_without_live_or_documents_nothing_is_judged() -> None:
    for count, n, live_share in ((5, 10, None), (0, 0, 0.1)):
        found = measure_rule_increase("markup", "hold leftover markup", count, n, live_share, 0.02, "Look at it.")
        assert (found.value, found.verdict) == (None, Verdict.PASSED)
