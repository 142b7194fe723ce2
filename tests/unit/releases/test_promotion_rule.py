from typing import Any

import pytest

from decision_examples import FAILED, INCONCLUSIVE, PASSED, decision, gate, measured
from kbgate.results import GateResult, Measurement, Verdict


def test_a_version_is_promoted_when_every_gate_passed() -> None:
    found = decision()
    assert (found.outcome, found.reasons, found.notes) == ("promote", (), ())
    assert found.headline == "All 4 gates passed: v1.0.1 may replace v1.0.0."
    assert found.promoted_headline == "Promoted v1.0.1, replacing v1.0.0: all 4 gates passed."


def test_a_failed_gate_blocks_with_its_own_words() -> None:
    empty = measured(
        0.15, FAILED, direction="max", threshold=0.02, message="15.0 % of documents have no text, limit 2 %."
    )
    found = decision(gate("documents", FAILED, empty))
    assert found.outcome == "hold"
    assert found.headline == "Blocked: 15.0 % of documents have no text, limit 2 %. Live stays v1.0.0."
    assert found.reasons == ("The documents gate: 15.0 % of documents have no text, limit 2 %.",)


def test_every_reason_is_named() -> None:
    found = decision(
        gate("documents", FAILED, measured(0.15, FAILED, message="first"), measured(0.1, FAILED, message="second")),
        gate("recall", FAILED, measured(0.7, FAILED)),
        without="chunks",
    )
    assert found.headline == "Blocked: first (and 2 more reasons). Live stays v1.0.0."
    assert found.reasons == (
        "The documents gate: first.",
        "The documents gate: second.",
        "The recall gate: recall@5 is 0.7, wanted at least 0.85.",
    )
    assert found.notes == ("Not measured, since the candidate was held before: chunks.",)


def test_a_warning_is_noted_and_does_not_hold() -> None:
    warning = measured(0.4, FAILED, message="chunks are 40 % shorter").model_copy(update={"severity": "warning"})
    found = decision(gate("chunks", PASSED, measured(0.9, PASSED), warning))
    assert found.outcome == "promote"
    assert found.notes == ("Warning of the chunks gate: Chunks are 40 % shorter.",)


def test_a_gate_that_left_no_result_holds() -> None:
    found = decision(without="chunks", live_version=None)
    assert found.outcome == "hold"
    assert found.headline == "Held: the chunks gate left no result: its task did not finish. Nothing is live yet."


def test_too_little_evidence_holds() -> None:
    found = decision(gate("recall", INCONCLUSIVE, measured(0.9, INCONCLUSIVE, message="12 questions, 100 wanted")))
    assert found.outcome == "hold"
    assert found.headline == "Held: the recall gate is inconclusive: 12 questions, 100 wanted. Live stays v1.0.0."


@pytest.mark.parametrize("verdict", [FAILED, INCONCLUSIVE])
@pytest.mark.parametrize("mode", ["warn", "off"])
def test_a_gate_that_warns_or_is_off_never_holds(verdict: Verdict, mode: Any) -> None:
    found = decision(gate("drift", verdict, mode=mode))
    assert found.outcome == "promote"
    assert len(found.notes) == (mode == "warn")


def test_a_first_ingest_may_lack_a_reference_once() -> None:
    no_reference = gate("drift", INCONCLUSIVE, needs_reference=True)
    found = decision(no_reference, live_version=None)
    assert found.outcome == "promote"
    assert (
        found.headline
        == "3 of 4 gates passed, 1 had no live version to compare with: v1.0.1 may become the first live version."
    )
    assert found.notes == (
        "The drift gate had no live version to compare with; release.first_ingest allows that once.",
    )
    held = decision(no_reference, live_version=None, first_ingest="hold")
    assert held.outcome == "hold"
    assert "release.first_ingest is 'hold'" in held.headline
    assert decision(no_reference).outcome == "hold", "with a live version there is something to compare with"
    assert decision(gate("drift", INCONCLUSIVE), live_version=None).outcome == "hold", "it lacks more than a reference"


@pytest.mark.parametrize(
    "contradiction",
    [
        measured(0.7, PASSED),
        measured(0.15, PASSED, threshold=0.02, direction="max"),
        measured(0.15, PASSED, threshold=0.02, direction="max", severity="warning"),
        measured(None, PASSED),
        measured(float("nan"), PASSED),
        measured(0.7, FAILED),
    ],
)
@pytest.mark.parametrize("mode", ["block", "warn"])
def test_a_gate_that_passed_against_its_own_numbers_holds(contradiction: Measurement, mode: Any) -> None:
    assert decision(gate("recall", PASSED, measured(0.9), contradiction, mode=mode)).outcome == "hold"


@pytest.mark.parametrize(
    "fine",
    [
        measured(0.85, PASSED),
        measured(0.1 + 0.2, PASSED, threshold=0.3, direction="max"),
        measured(None, INCONCLUSIVE, severity="warning"),
        measured(0.7, FAILED, severity="warning"),
        measured(99.0, PASSED, direction="info", threshold=None),
    ],
)
def test_a_limit_that_is_just_reached_and_warnings_are_no_contradiction(fine: Measurement) -> None:
    assert decision(gate("recall", PASSED, measured(0.9), fine)).outcome == "promote"


def test_a_gate_that_measured_nothing_has_not_passed() -> None:
    empty = GateResult(name="recall", verdict=PASSED, message="fine")
    assert decision(empty).outcome == "hold"
