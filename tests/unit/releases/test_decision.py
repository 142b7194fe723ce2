import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from decision_examples import FAILED, INCONCLUSIVE, PASSED, decision, files_of, gate, measured
from kbgate.errors import ArtifactError
from kbgate.releases.decision import Decision, decide, verify


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
