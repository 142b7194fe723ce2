"""A calibration is used while it fits, and the message says why it is not."""

from typing import Any

import numpy as np
import pytest

from kbgate.artifacts import KbFolder
from kbgate.drift.calibration import DriftCalibration, PastIngest
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift_calibration import CALIBRATION_FILE, fitting_calibration, write_calibration
from kbgate.errors import ArtifactError
from kbgate.results import GateResult
from kbgate.stages.check_drift import calibrate_on_live
from kbgate.stages.reconcile import vectors_of
from small_kb import KB, SmallKb, doc_id


def calibrated(kb: SmallKb) -> DriftCalibration:
    return calibrate_on_live(kb.reader(), 200)


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


def test_without_a_calibration_the_built_in_limit_is_named(live_kb: SmallKb) -> None:
    gate = drift_gate(live_kb)
    assert (limit(gate) or 0) >= 0.3
    assert "the built-in limit, because nothing was calibrated (kbgate drift calibrate)" in gate.message


@pytest.mark.parametrize(
    ("stale", "why"),
    [
        ({"fingerprint": "0" * 16}, "the calibration of v1.0.0 is of another embedding fingerprint"),
        ({"settings_hash": "0" * 64}, "was made with other chunk or drift settings"),
        ({"n_live_documents": 10}, "was made with 10 live documents and there are 40 now"),
    ],
)
def test_a_calibration_that_does_not_fit_is_not_used(live_kb: SmallKb, stale: dict[str, Any], why: str) -> None:
    calibrated(live_kb)
    file = folder(live_kb)
    # A limit of nothing at all: whoever used it would block.
    sizes = [{**size, "limit": 0.0} for size in file.read_json(CALIBRATION_FILE)["sizes"]]
    file.write_json(CALIBRATION_FILE, {**file.read_json(CALIBRATION_FILE), "sizes": sizes, **stale})
    gate = drift_gate(live_kb)
    assert (limit(gate) or 0) >= 0.3
    assert why in gate.message


def test_other_settings_of_the_gate_make_a_calibration_stale(live_kb: SmallKb) -> None:
    calibrated(live_kb)
    live_kb.configure(drift={"false_alarm_rate": 0.05})
    assert "other chunk or drift settings" in drift_gate(live_kb).message


def test_accepted_ingests_are_taken_into_account(live_kb: SmallKb) -> None:
    share = measured(drift_gate(live_kb), "low_similarity_share")
    assert live_kb.live == "v1.0.1"
    assert calibrated(live_kb).past == (PastIngest(version="v1.0.1", n_documents=12, share=share or 0),)


def test_a_file_that_is_no_calibration_is_named(live_kb: SmallKb) -> None:
    folder(live_kb).write_json(CALIBRATION_FILE, {"limit": 1})
    with pytest.raises(
        ArtifactError, match=r"drift_calibration\.json is not a calibration .* kbgate drift calibrate --kb small"
    ):
        fitting_calibration(live_kb.reader(), "v1.0.0")


def test_a_calibration_on_a_sample_fits_the_version_that_it_was_drawn_from(live_kb: SmallKb) -> None:
    live_kb.configure(drift={"min_documents": 5})
    run = live_kb.reader()
    version = run.registry.version(KB, "v1.0.0")
    table = run.store.sample("v1.0.0", 10_000, ["doc_id", "vector"], 0)
    doc_ids = np.array(table.column("doc_id").to_pylist(), dtype=object)
    sample = ChunkVectors(vectors_of(table), doc_ids).of_documents([doc_id(number) for number in range(15)])
    assert write_calibration(run, version, sample, 200).n_live_documents == 40
    found, why_not = fitting_calibration(run, "v1.0.0")
    assert (found is not None, why_not) == (True, "")
