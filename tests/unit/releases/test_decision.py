import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from kbgate.errors import ArtifactError
from kbgate.releases.decision import Decision, decide, verify
from kbgate.results import GateResult, Measurement, Verdict

PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE
EXPECTED = ("documents", "chunks", "drift", "recall")


def measured(value: float | None, verdict: Verdict = PASSED, **options: Any) -> Measurement:
    arguments = {"name": "recall@5", "threshold": 0.85, "direction": "min", "n": 250} | options
    return Measurement(value=value, verdict=verdict, **arguments)


def gate(name: str, verdict: Verdict = PASSED, *measurements: Measurement, **options: Any) -> GateResult:
    found = measurements or (measured(0.91 if verdict is PASSED else 0.7, verdict, message=f"{name} numbers"),)
    return GateResult(name=name, verdict=verdict, measurements=found, message=f"{name} says {verdict}.", **options)


def files(gates: list[GateResult]) -> dict[str, bytes]:
    return {found.name: found.model_dump_json(indent=2).encode() for found in gates}


def decision(*changed: GateResult, without: str = "", live_version: str | None = "v1.0.0", **options: Any) -> Decision:
    """All gates pass, but those given."""
    by_name = {name: gate(name) for name in EXPECTED if name != without} | {found.name: found for found in changed}
    gates = list(by_name.values())
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files(gates).items()}
    arguments: dict[str, Any] = {
        "kb": "helpdesk",
        "version": "v1.0.1",
        "run_key": "run 7",
        "live_version": live_version,
        "base_revision": 3,
        "inputs": {"ledger": "a" * 64},
        "first_ingest": "allow",
        "actor": "airflow",
    }
    return decide(gates, hashes, EXPECTED, **(arguments | options))


def files_of(*changed: GateResult) -> dict[str, bytes]:
    return files(list(({name: gate(name) for name in EXPECTED} | {found.name: found for found in changed}).values()))


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


def test_two_results_of_one_name_or_a_missing_hash_are_refused() -> None:
    arguments: dict[str, Any] = {
        "kb": "k", "version": "v1.0.0", "run_key": "r", "live_version": None, "base_revision": 0, "inputs": {},
        "first_ingest": "allow", "actor": "a",
    }  # fmt: skip
    with pytest.raises(ArtifactError, match="Two results are named 'recall'"):
        decide([gate("recall"), gate("recall")], {"recall": "x"}, ["recall"], **arguments)
    with pytest.raises(ArtifactError, match=r"hash of gates/recall\.json is missing"):
        decide([gate("recall")], {}, ["recall"], **arguments)


def test_the_record_is_canonical_and_its_hash_is_that_of_the_file() -> None:
    found = decision(gate("recall", PASSED, measured(0.9), measured(float("nan"), INCONCLUSIVE, severity="warning")))
    content = found.to_json()
    assert found.hash == hashlib.sha256(content).hexdigest()
    assert Decision.from_json(content) == found
    assert Decision.from_json(content).hash == found.hash
    assert decision().hash != decision(base_revision=4).hash
    with pytest.raises(ArtifactError, match="not a decision record"):
        Decision.from_json(b"{}")


def test_an_honest_record_is_accepted() -> None:
    no_reference = gate("drift", INCONCLUSIVE, measured(None, INCONCLUSIVE), needs_reference=True)
    verify(decision(), files_of())
    verify(decision(no_reference, live_version=None), files_of(no_reference))
    failed = (gate("recall", FAILED), gate("documents", INCONCLUSIVE), gate("drift", FAILED), gate("another", FAILED))
    verify(decision(*failed), files_of(*failed))
    verify(Decision.from_json(decision(*failed).to_json()), files_of(*failed))


def test_a_gate_file_edited_by_hand_is_refused() -> None:
    failed = gate("recall", FAILED)
    spoilt = files_of(failed)
    spoilt["recall"] = spoilt["recall"].replace(b"0.7", b"0.9")
    with pytest.raises(ArtifactError, match=r"gates/recall\.json was changed after it"):
        verify(decision(failed), spoilt)


def test_a_missing_or_unknown_gate_file_is_refused() -> None:
    spoilt = files_of()
    del spoilt["chunks"]
    with pytest.raises(ArtifactError, match="made from the gate files"):
        verify(decision(), spoilt)
    with pytest.raises(ArtifactError, match="made from the gate files"):
        verify(decision(), files_of(gate("late")))


def edited(found: Decision, edit: Callable[[dict[str, Any]], None]) -> Decision:
    """The record after somebody changed its file by hand."""
    content = json.loads(found.to_json())
    edit(content)
    return Decision.from_json(json.dumps(content).encode())


def pass_recall(content: dict[str, Any]) -> None:
    content["gates"]["recall"]["verdict"] = "passed"
    content["gates"]["recall"]["measurements"][0]["verdict"] = "passed"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda content: content.update(outcome="promote"), "says promote .* but its gates give hold"),
        (lambda content: content.update(headline="All is well."), "but its gates give hold"),
        (lambda content: content.update(reasons=[]), "but its gates give hold"),
        (pass_recall, r"does not say what gates/recall\.json says"),
        (lambda content: content["gates"]["recall"].update(mode="warn"), r"does not say what gates/recall\.json says"),
        (lambda content: content["gates"].pop("recall"), "made from the gate files"),
        (lambda content: content["gates"]["recall"].update(sha256="0" * 64), "was changed after it"),
    ],
)
def test_a_record_edited_by_hand_is_refused(edit: Callable[[dict[str, Any]], None], message: str) -> None:
    failed = gate("recall", FAILED)
    with pytest.raises(ArtifactError, match=message):
        verify(edited(decision(failed), edit), files_of(failed))


def test_a_forged_gate_file_with_a_matching_record_still_cannot_pass_against_its_numbers() -> None:
    forged = gate("recall", PASSED, measured(0.7, PASSED))
    record = edited(decision(forged), lambda content: content.update(outcome="promote", reasons=[]))
    with pytest.raises(ArtifactError, match=r"recall@5 is 0\.7, wanted at least 0\.85, yet it is marked as passed"):
        verify(record, files_of(forged))
