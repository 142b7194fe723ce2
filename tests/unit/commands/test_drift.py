"""`kbgate drift calibrate` on a small knowledge base, and what the next ingest makes of it."""

import json
import re
from typing import Any

import pytest

from kbgate.artifacts import KbFolder
from kbgate.cli import main
from kbgate.drift.calibration import DriftCalibration
from kbgate.drift_calibration import CALIBRATION_FILE
from kbgate.results import GateResult
from small_kb import KB, SmallKb


def calibrated(kb: SmallKb, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert main(["drift", "calibrate", "--draws", "200", "--json", *options]) == 0
    return dict(json.loads(capsys.readouterr().out))


def folder(kb: SmallKb) -> KbFolder:
    return KbFolder(kb.settings.artifact_root, KB)


def drift_gate(kb: SmallKb, run_id: str = "second") -> GateResult:
    """Change twelve documents, ingest, and return what the gate found."""
    for number in range(12):
        kb.change(number)
    return kb.run(run_id).run.folder.read_gates()["drift"]


def measured(gate: GateResult, name: str) -> float | None:
    return next(m.value for m in gate.measurements if m.name == name)


def limit(gate: GateResult) -> float | None:
    return next(m.threshold for m in gate.measurements if m.name == "low_similarity_share")


def test_the_limits_are_printed_and_written(live_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    found = calibrated(live_kb, capsys)
    written = DriftCalibration.model_validate(folder(live_kb).read_json(CALIBRATION_FILE))
    assert found["file"].endswith(f"{KB}/{CALIBRATION_FILE}")
    assert (written.version, written.n_live_documents, written.draws) == ("v1.0.0", 40, 200)
    assert [size.n_documents for size in written.sizes] == [10, 14, 20]
    assert [size["limit"] for size in found["sizes"]] == [size.limit for size in written.sizes]
    assert written.fingerprint == live_kb.reader().embedder.fingerprint.digest
    assert main(["drift", "calibrate", "--draws", "200"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"│ 10 +│", printed)
    assert "Asked for: 1.0% false alarms" in printed
    assert folder(live_kb).read_json(CALIBRATION_FILE) == written.model_dump(mode="json")


def test_the_next_ingest_is_held_to_it_and_says_so(live_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    found = calibrated(live_kb, capsys)
    gate = drift_gate(live_kb)
    assert limit(gate) == found["sizes"][0]["limit"]
    assert measured(gate, "false_alarm_rate") == found["measured"][0]["false_alarm_rate"]
    assert "the limit for 10 documents or more that v1.0.0 was calibrated to" in gate.message


def test_mistakes_are_one_sentence(small_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "calibrate"]) == 3
    assert "Nothing of small is live yet" in capsys.readouterr().err
    assert main(["drift", "calibrate", "--draws", "10"]) == 3
    assert "--draws" in capsys.readouterr().err


def test_live_of_another_model_cannot_be_calibrated(live_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    live_kb.configure(chunker={"size_tokens": 46})
    assert main(["drift", "calibrate"]) == 3
    assert "Ingest with the new settings first" in capsys.readouterr().err
