"""Every gate is stopped by its own spoilt batch, and clean batches pass: the whole pipeline on the real model, no Airflow."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from kbgate.errors import UsageError
from kbgate.overrides import override_settings
from kbgate.pipeline import run_candidate, run_stage
from kbgate.results import GateResult, Measurement, Verdict
from kbgate.run import LEDGER_FILE, Run, RunRequest
from kbgate.sample.faults import FAULTS, write_batch
from kbgate.settings import Settings, load_settings
from kbgate.stages.embed_chunks import VECTORS_FILE
from kbgate.stages.plan_changes import PLAN_FILE

pytestmark = pytest.mark.real_model

KB = "helpdesk"
SEED = 7
REEMBED = {"reembed_chunks": 8}
"""A smaller sample than usual: the faults here touch every chunk that is built, and embedding is most of the time."""
DELTA = "package://kbgate/sample/helpdesk/delta"
CLEAN_DELTA = {"batch": DELTA, "mode": "delta", "deletions": f"{DELTA}/deleted.txt"}
BEFORE_BUILD = ("read_documents", "check_documents", "plan_changes", "chunk_documents", "check_chunks", "embed_chunks")


@dataclass(frozen=True)
class KnowledgeBase:
    """A knowledge base in a folder of its own."""

    settings: Settings

    def request(self, run_key: str, params: dict[str, Any]) -> RunRequest:
        overrides = override_settings(self.settings.knowledge_base(KB), params)
        return RunRequest(kb=KB, run_key=run_key, actor="test", reason="a test", overrides=overrides)

    def run(self, run_key: str, params: dict[str, Any]) -> Run:
        return Run(self.settings, self.request(run_key, params))

    def ingest(self, run_key: str, params: dict[str, Any]) -> dict[str, Any]:
        """Run a whole ingest and return its report."""
        run_candidate(self.settings, self.request(run_key, params), lambda stage, result: None)
        return dict(self.run(run_key, params).folder.read_json("report.json"))

    @property
    def live(self) -> str | None:
        return self.run("any", {}).registry.release(KB).live


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vectors of all tests here, so that the base is embedded once."""
    return tmp_path_factory.mktemp("vectors")


def _knowledge_base(root: Path, cache: Path) -> KnowledgeBase:
    return KnowledgeBase(
        load_settings(artifact_root=str(root), kb={KB: {"embedder": {"cache": str(cache)}, "reconcile": REEMBED}})
    )


@pytest.fixture(scope="session")
def promoted(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The folder of a knowledge base whose first ingest was promoted."""
    root = tmp_path_factory.mktemp("promoted") / "artifacts"
    kb = _knowledge_base(root, cache)
    report = kb.ingest("first", {})
    assert report["outcome"] == "promoted", report["headline"]
    assert kb.live == "v1.0.0"
    return root


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory, promoted: Path, cache: Path) -> Path:
    """The folder of a knowledge base in the middle of the clean delta: embedded, not yet built."""
    root = tmp_path_factory.mktemp("embedded") / "artifacts"
    shutil.copytree(promoted, root)
    kb = _knowledge_base(root, cache)
    run_stage("open_run", kb.settings, KB, "delta", kb.request("delta", CLEAN_DELTA))
    for stage in BEFORE_BUILD:
        run_stage(stage, kb.settings, KB, "delta")
    return root


@pytest.fixture
def live_kb(promoted: Path, cache: Path, tmp_path: Path) -> KnowledgeBase:
    shutil.copytree(promoted, tmp_path / "artifacts")
    return _knowledge_base(tmp_path / "artifacts", cache)


@pytest.fixture
def half_built_kb(embedded: Path, cache: Path, tmp_path: Path) -> KnowledgeBase:
    shutil.copytree(embedded, tmp_path / "artifacts")
    return _knowledge_base(tmp_path / "artifacts", cache)


def _gates(report: dict[str, Any]) -> dict[str, GateResult]:
    return {gate["name"]: GateResult.model_validate(gate) for gate in report["gates"]}


def _assert_stopped(kb: KnowledgeBase, report: dict[str, Any], gate_name: str, measurement_name: str) -> None:
    assert report["outcome"] == "hold", report["headline"]
    assert kb.live == "v1.0.0"
    gate = _gates(report)[gate_name]
    assert gate.verdict is not Verdict.PASSED
    open_ones = {measured.name: measured for measured in gate.failed_measurements}
    assert measurement_name in open_ones, f"open: {sorted(open_ones)}"
    _assert_numbers(open_ones[measurement_name])
    assert re.search(r"\d", report["headline"])
    assert any(open_ones[measurement_name].message.rstrip(". ") in reason for reason in report["reasons"])


def _assert_numbers(measured: Measurement) -> None:
    assert re.search(r"\d", measured.message), measured.message
    assert measured.value is not None
    assert measured.threshold is not None
    assert measured.n


@pytest.mark.parametrize("name", FAULTS)
def test_a_spoilt_batch_is_held_by_its_gate_and_live_stays(name: str, live_kb: KnowledgeBase, tmp_path: Path) -> None:
    batch = write_batch(name, str(tmp_path / "batch"), SEED)
    report = live_kb.ingest(name, batch["params"])
    _assert_stopped(live_kb, report, batch["gate"], batch["measurement"])


def test_the_incident_is_held_for_every_one_of_its_causes(live_kb: KnowledgeBase, tmp_path: Path) -> None:
    batch = write_batch("incident", str(tmp_path / "batch"), SEED)
    report = live_kb.ingest("incident", batch["params"])
    found = {measured.name for measured in _gates(report)["documents"].failed_measurements}
    assert {"empty_text", "exact_duplicate", "token_mean_shift"} <= found
    assert not (live_kb.run("incident", batch["params"]).folder.exists(VECTORS_FILE))


def test_the_clean_delta_is_promoted_and_only_its_chunks_are_embedded(live_kb: KnowledgeBase) -> None:
    report = live_kb.ingest("delta", CLEAN_DELTA)
    assert report["outcome"] == "promoted", report["headline"]
    assert live_kb.live == "v1.0.1"
    assert report["changes"]["removed"] == 2
    assert report["changes"]["added"] == 6
    assert report["changes"]["changed"] == 16
    new = report["embedding"]["n_embedded"] + report["embedding"]["n_cache_hits"]
    assert new < 0.2 * report["embedding"]["n_reused"]


def test_an_unchanged_snapshot_builds_nothing(live_kb: KnowledgeBase) -> None:
    report = live_kb.ingest("again", {})
    assert report["outcome"] == "unchanged", report["headline"]
    assert live_kb.live == "v1.0.0"
    assert report["version"] is None


def test_yesterdays_snapshot_does_not_undo_the_delta(live_kb: KnowledgeBase) -> None:
    assert live_kb.ingest("delta", CLEAN_DELTA)["outcome"] == "promoted"
    report = live_kb.ingest("yesterday", {})
    assert report["outcome"] == "hold", report["headline"]
    assert [m.name for m in _gates(report)["documents"].failed_measurements] == ["outdated_share"]


def test_a_quarter_of_a_key_topic_does_not_vanish_unnoticed(live_kb: KnowledgeBase, tmp_path: Path) -> None:
    batch = write_batch("key_topic_deleted", str(tmp_path / "batch"), SEED, share=5 / 160)
    report = live_kb.ingest("quarter", batch["params"])
    assert report["outcome"] == "hold", report["headline"]
    assert "stale_share[billing]" in {measured.name for measured in _gates(report)["recall"].failed_measurements}


# Faults that no batch can make: what was embedded is changed before it is built, or what was built before it is judged.


def _half_of_the_chunks_lost(table: pa.Table) -> pa.Table:
    return table.slice(0, len(table) // 2)


def _vectors_moved_by_one_row(table: pa.Table) -> pa.Table:
    return _with_vectors(table, np.roll(_vectors(table), 1, axis=0))


def _vectors_not_normalised(table: pa.Table) -> pa.Table:
    return _with_vectors(table, 2 * _vectors(table))


def _a_vector_without_numbers(table: pa.Table) -> pa.Table:
    vectors = _vectors(table).copy()
    vectors[0] = np.nan
    return _with_vectors(table, vectors)


def _chunks_of_a_document_nobody_knows(table: pa.Table) -> pa.Table:
    ghost = table.slice(0, 1).to_pydict() | {"doc_id": ["ghost.md"], "chunk_id": ["f" * 64]}
    return pa.concat_tables([table, pa.table(ghost, schema=table.schema)])


def _vectors(table: pa.Table) -> np.ndarray:
    return np.array(table.column("vector").to_pylist(), dtype=np.float32)


def _with_vectors(table: pa.Table, vectors: np.ndarray) -> pa.Table:
    place = table.schema.get_field_index("vector")
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    return table.set_column(place, table.schema.field(place), flat)


def _judge_what_was_built(kb: KnowledgeBase) -> dict[str, Any]:
    run_stage("reconcile", kb.settings, KB, "delta")
    run_stage("decide", kb.settings, KB, "delta")
    run_stage("report", kb.settings, KB, "delta")
    return dict(kb.run("delta", CLEAN_DELTA).folder.read_json("report.json"))


@pytest.mark.parametrize(
    ("tamper", "measurements"),
    [
        (_half_of_the_chunks_lost, ("new_chunks_missing", "missing_from_store")),
        (_vectors_moved_by_one_row, ("reembedded_similarity",)),
        (_vectors_not_normalised, ("not_unit_length",)),
        (_chunks_of_a_document_nobody_knows, ("ghosts_in_store",)),
    ],
)
def test_a_spoilt_build_is_held_by_reconcile(
    tamper: Callable[[pa.Table], pa.Table], measurements: tuple[str, ...], half_built_kb: KnowledgeBase
) -> None:
    folder = half_built_kb.run("delta", CLEAN_DELTA).folder
    folder.write_table(VECTORS_FILE, tamper(folder.read_table(VECTORS_FILE)))
    run_stage("build_candidate", half_built_kb.settings, KB, "delta")
    report = _judge_what_was_built(half_built_kb)
    for measurement in measurements:
        _assert_stopped(half_built_kb, report, "reconcile", measurement)


def test_a_vector_without_numbers_is_refused_before_anything_is_stored(half_built_kb: KnowledgeBase) -> None:
    folder = half_built_kb.run("delta", CLEAN_DELTA).folder
    folder.write_table(VECTORS_FILE, _a_vector_without_numbers(folder.read_table(VECTORS_FILE)))
    with pytest.raises(UsageError, match="not finite"):
        run_stage("build_candidate", half_built_kb.settings, KB, "delta")
    assert half_built_kb.run("delta", CLEAN_DELTA).store.versions() == ["v1.0.0"]
    assert half_built_kb.live == "v1.0.0"


def test_removed_documents_that_stay_in_the_store_are_held_by_reconcile(half_built_kb: KnowledgeBase) -> None:
    folder = half_built_kb.run("delta", CLEAN_DELTA).folder
    plan = folder.read_json(PLAN_FILE)
    folder.write_json(PLAN_FILE, plan | {"removed": []})
    run_stage("build_candidate", half_built_kb.settings, KB, "delta")
    folder.write_json(PLAN_FILE, plan)
    report = _judge_what_was_built(half_built_kb)
    for measurement in ("removed_still_present", "removed_still_retrievable"):
        _assert_stopped(half_built_kb, report, "reconcile", measurement)


def test_a_ledger_with_the_hash_of_another_text_is_held_by_reconcile(half_built_kb: KnowledgeBase) -> None:
    run_stage("build_candidate", half_built_kb.settings, KB, "delta")
    folder = half_built_kb.run("delta", CLEAN_DELTA).folder
    ledger = folder.read_table(LEDGER_FILE).to_pandas()
    ledger.loc[ledger["run_key"] == "delta", "content_hash"] = "0" * 64
    folder.write_table(LEDGER_FILE, pa.Table.from_pandas(ledger, preserve_index=False))
    _assert_stopped(half_built_kb, _judge_what_was_built(half_built_kb), "reconcile", "stale_in_ledger")


def test_the_same_build_without_a_fault_passes_reconcile(half_built_kb: KnowledgeBase) -> None:
    run_stage("build_candidate", half_built_kb.settings, KB, "delta")
    assert not run_stage("reconcile", half_built_kb.settings, KB, "delta").holds
