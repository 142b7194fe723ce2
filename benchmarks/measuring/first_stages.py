"""The stages of a run that see every document, each in a process of its own: reading, the document gate, the plan."""

import json
import time
from pathlib import Path
from typing import Any

from measuring.run_apart import Apart, run_apart
from measuring.table import Row, Table

KB = "bench"
SEED = 20260101
STAGES = ("read_documents", "check_documents", "plan_changes")
RUNS = {"first": "first ingest", "second": "second ingest, 1 % changed"}


def measure_stages(folder: str, size: int) -> Table:
    """Ingest `size` short documents up to the plan, pretend that they are live, then do so with a changed snapshot."""
    found: dict[str, Apart[float]] = {}
    for name, label in RUNS.items():
        run_apart(write_source, folder, name, size)
        for stage in STAGES:
            found[f"{stage}, {label}"] = run_apart(run_stage, folder, name, stage)
        if name == "first":
            run_apart(make_live, folder, name)
    whole = sum(part.value for part in found.values())
    rows = [Row("all stages", whole, "s", 1.0, max(part.peak_memory_mb for part in found.values()))]
    rows += [Row(label, part.value, "s", part.value / whole, part.peak_memory_mb) for label, part in found.items()]
    return Table(f"First stages of a run, {size:,} short documents", "share of all of them", tuple(rows))


def write_source(folder: str, name: str, size: int) -> None:
    """Write the snapshot of a run and note its start."""
    from kbgate.stages.open_run import note_start
    from measuring.short_documents import short_documents

    with (Path(folder) / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        for document in short_documents(size, SEED, changed=name == "second"):
            row = {"doc_id": document.doc_id, "title": document.title, "text": document.text}
            file.write(json.dumps(row) + "\n")
    run = _run(folder, name)
    run.registry.migrate()
    note_start(run)


def run_stage(folder: str, name: str, stage: str) -> float:
    """Run one stage; return its seconds, imports included."""
    from importlib import import_module

    run = _run(folder, name)
    began = time.perf_counter()
    getattr(import_module(f"kbgate.stages.{stage}"), stage)(run)
    return time.perf_counter() - began


def make_live(folder: str, name: str) -> None:
    """Let the accepted documents of a run be live without building an index: a ledger and the registry's word."""
    import pyarrow as pa

    from kbgate.corpus import BATCH_FILE
    from kbgate.releases.ledger import LEDGER_COLUMNS
    from kbgate.releases.tables import VersionFacts
    from kbgate.run import LEDGER_FILE

    run = _run(folder, name)
    accepted = run.folder.read_table("accepted.parquet").to_pandas()
    batch = run.folder.read_table(BATCH_FILE, ["doc_id", "title", "source_uri", "updated_at", "lang"]).to_pandas()
    ledger = accepted.merge(batch, on="doc_id").assign(n_chunks=1, run_key=run.request.run_key)
    run.folder.write_table(LEDGER_FILE, pa.Table.from_pandas(ledger[list(LEDGER_COLUMNS)], preserve_index=False))
    who = {"actor": "benchmark", "reason": "a measurement"}
    release = run.registry.release(KB)
    version = run.registry.reserve_version(
        KB, run.request.run_key, kind="ingest", base=release.live, bump="patch", **who
    ).version
    facts = VersionFacts(settings=run.index_settings)
    run.registry.record_candidate(KB, version, facts=facts, decision_hash="measured", actor="benchmark")
    run.registry.promote(KB, version, expected_revision=release.revision, decision_hash="measured", **who)


def _run(folder: str, name: str) -> Any:
    from kbgate.run import Run, RunRequest
    from kbgate.settings import load_settings

    sections = {"source": {"kind": "jsonl", "options": {"path": f"{folder}/{name}.jsonl"}}}
    settings = load_settings(
        artifact_root=f"{folder}/artifacts", registry={"dsn": f"sqlite:///{folder}/registry.db"}, kb={KB: sections}
    )
    return Run(settings, RunRequest(kb=KB, run_key=name, actor="benchmark", reason="a measurement"))
