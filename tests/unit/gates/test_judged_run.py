import pytest

from kbgate.results import Verdict
from past_gates import documents_run, gate, measured, run


@pytest.mark.parametrize(
    ("outcome", "kind", "accepted", "held", "baseline"),
    [
        ("promoted", "ingest", True, False, True),
        ("promoted", "hotfix", True, False, False),
        ("built", "ingest", True, False, False),
        ("waiting", "ingest", True, False, False),
        ("hold", "ingest", False, True, False),
    ],
)
def test_limits_are_learnt_from_promoted_ingests_only(
    outcome: str, kind: str, accepted: bool, held: bool, baseline: bool
) -> None:
    found = documents_run(1, empty_text=0.0)
    again = run(1, *found.gates, outcome=outcome, kind=kind)
    assert (again.accepted, again.held, again.is_baseline) == (accepted, held, baseline)


def test_a_first_ingest_is_not_held_by_what_needs_a_reference() -> None:
    drift = gate("drift", measured("x", None, 0.1), needs_reference=True)
    assert drift.verdict is Verdict.INCONCLUSIVE
    assert run(1, drift).holds(drift)
    assert not run(1, drift, live_before=None).holds(drift)
    failed = gate("drift", measured("x", 0.2, 0.1), needs_reference=True)
    assert run(1, failed, live_before=None).holds(failed)
