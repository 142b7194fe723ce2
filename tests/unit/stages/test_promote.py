import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from kbgate.errors import ArtifactError
from kbgate.run import Run, RunRequest
from kbgate.stages.promote import move_pointer
from small_kb import KB, SmallKb


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Edit a JSON file by hand."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_build_only_waits_for_a_person(live_kb: SmallKb) -> None:
    live_kb.change(3)
    built = live_kb.run("second", promote=False)
    assert (built.outcome, live_kb.live) == ("built", "v1.0.0")
    assert "kbgate promote" in built.report["headline"]
    assert "collect_garbage" not in built.done
    assert live_kb.reader().registry.version(KB, "v1.0.1").state == "candidate"


def test_a_gate_file_edited_by_hand_is_refused(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    edit(folder / "gates" / "recall.json", lambda gate: gate.update(message="all is well"))
    with pytest.raises(ArtifactError, match=r"gates/recall\.json was changed after it"):
        kb.stages(request, "promote")
    assert kb.live == "v1.0.0"


def test_a_gate_file_that_was_deleted_is_refused(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    (folder / "gates" / "drift.json").unlink()
    with pytest.raises(ArtifactError, match="it was made from the gate files"):
        kb.stages(request, "promote")
    assert kb.live == "v1.0.0"


def test_a_decision_edited_by_hand_is_refused(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"zero_hit_similarity": 0.95})
    live_kb.change(3)
    held = live_kb.run("second")
    assert held.outcome == "hold"
    edit(Path(held.run.folder.uri) / "decision.json", lambda decision: decision.update(outcome="promote", reasons=[]))
    with pytest.raises(ArtifactError, match=r"The decision record of small v1\.0\.1 was refused"):
        live_kb.stages(held.run.request, "promote")
    assert live_kb.live == "v1.0.0"


def test_a_decision_that_the_registry_does_not_know_is_refused(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    edit(folder / "decision.json", lambda decision: decision.update(actor="mallory"))
    with pytest.raises(ArtifactError, match="was recorded with the decision"):
        kb.stages(request, "promote")
    assert kb.live == "v1.0.0"


def test_a_ledger_that_was_cut_is_refused(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    ledger = pq.read_table(folder / "ledger.parquet")
    pq.write_table(ledger.slice(0, 20), folder / "ledger.parquet")
    with pytest.raises(
        ArtifactError, match=r"v1\.0\.1 was made for the ledger [0-9a-f]{64}, but .* was changed afterwards"
    ):
        kb.stages(request, "promote")
    assert kb.live == "v1.0.0"


def test_a_decision_of_another_run_is_refused(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    shutil.copytree(folder, folder.with_name("another-run"))
    with pytest.raises(ArtifactError, match="was made for the run"):
        move_pointer(Run(kb.settings, request.model_copy(update={"run_key": "another-run"})), "tester", "mixed up")
    assert kb.live == "v1.0.0"


def test_a_version_that_left_the_store_is_not_promoted(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, _ = decided
    kb.reader().store.drop("v1.0.1", protected=())
    with pytest.raises(ArtifactError, match=r"The store of small has no version v1\.0\.1"):
        kb.stages(request, "promote")
    assert kb.live == "v1.0.0"


def test_a_repeated_promotion_changes_nothing(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, _ = decided
    (first,) = kb.stages(request, "promote")
    (second,) = kb.stages(request, "promote")
    assert first.summary["revision"] == second.summary["revision"]
