"""A nightly change of 1 % of the documents against a full rebuild, through the real stages and in the store alone."""

import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from measuring.run_apart import Apart, run_apart, share_imports
from measuring.table import Row, Table, show

if TYPE_CHECKING:
    import pyarrow as pa

    from kbgate.records import Document
    from kbgate.settings import Settings

SEED = 20260101
CHUNKS = 20_000
QUICK_CHUNKS = 300
CHANGED_SHARE = 0.01
QUERIES = 200
KB = "bench"
EMBEDDERS = {"real": "sentence_transformers", "hashing": "hashing_for_tests_only"}
RUNS = ("rebuild", "snapshot", "delta")
"""Run keys: everything from nothing; then a snapshot of which 1 % changed; then a batch of the next changed 1 % alone."""


@dataclass(frozen=True, slots=True)
class RunSeconds:
    """Wall time of a whole run, and (seconds, peak memory so far in MB) of each stage as the pipeline recorded it."""

    all: float
    stages: dict[str, tuple[float, int]]
    outcome: str
    headline: str


def main(
    quick: Annotated[bool, typer.Option(help="Small form without the third run.")] = False,
    chunks: Annotated[int | None, typer.Option(help="Number of chunks; default 20,000, or 300 with --quick.")] = None,
    embedder: Annotated[
        Literal["real", "hashing"], typer.Option(help="hashing: words instead of a model; measures the plumbing only.")
    ] = "real",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the tables to this file too.")] = None,
) -> None:
    """Measure a full rebuild with an empty vector cache, then deltas of 1 %."""
    if quick:
        share_imports("great_expectations", "lancedb")
    n_chunks = chunks or (QUICK_CHUNKS if quick else CHUNKS)
    with tempfile.TemporaryDirectory(prefix="kbgate-bench-") as folder:
        n_documents, n_chunks = run_apart(write_sources, folder, embedder, n_chunks).value
        runs = {name: run_apart(ingest, folder, embedder, name) for name in (RUNS[:2] if quick else RUNS)}
        for name, run in runs.items():
            if run.value.outcome != "promoted":
                raise SystemExit(f"The run {name} was not promoted but {run.value.outcome}: {run.value.headline}")
        stored = {name: run_apart(build, folder, embedder, name) for name in ("full", "child")}
    size = f"{n_chunks:,} chunks of {n_documents:,} documents, embedder: {embedder}"
    show([_whole_runs(runs, size), _by_stage(runs), _in_the_store(stored, n_chunks)], json_file)


def write_sources(folder: str, embedder: str, n_chunks: int) -> tuple[int, int]:
    """Write the three batches and a golden set; return the number of documents and of their chunks (at least n_chunks)."""
    from measuring.derived_documents import derived_documents

    chunker = _run(_settings(folder, embedder), "rebuild").chunker
    documents: list[Document] = []
    found = 0
    for document in derived_documents(None, SEED):
        documents.append(document)
        found += len(chunker.chunk(document))
        if found >= n_chunks:
            break
    n_changed = max(1, round(CHANGED_SHARE * len(documents)))
    shuffled = random.Random(SEED).sample(range(len(documents)), len(documents))
    _write_jsonl(folder, "rebuild", documents)
    for number in shuffled[:n_changed]:
        documents[number] = _changed(documents[number])
    _write_jsonl(folder, "snapshot", documents)
    _write_jsonl(folder, "delta", [_changed(documents[number]) for number in shuffled[n_changed : 2 * n_changed]])
    _write_golden_set(folder, [documents[number] for number in shuffled[-QUERIES:]])
    return len(documents), found


def ingest(folder: str, embedder: str, name: str) -> RunSeconds:
    """Run every stage of one ingest in this process, promotion included."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from kbgate.pipeline import run_candidate, stage_records

    run = _run(_settings(folder, embedder), name)
    began = time.perf_counter()
    run_candidate(run.settings, run.request, lambda stage, result: None)
    seconds = time.perf_counter() - began
    report = run.folder.read_json("report.json")
    records: dict[str, Any] = stage_records(run)
    stages = {stage: (record["seconds"], record["peak_memory_mb"]) for stage, record in records.items()}
    return RunSeconds(seconds, stages, report["outcome"], report["headline"])


def build(folder: str, embedder: str, name: str) -> float:
    """Store the rebuild's chunks as one version, or as a child of it in which 1 % of the documents are replaced."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from kbgate.stores import CHUNK_COLUMNS
    from kbgate.stores.lancedb import LanceDbStore

    run = _run(_settings(folder, embedder), "rebuild")
    chunks = pa.concat_tables(run.store.read(run.folder.read_json("report.json")["version"], CHUNK_COLUMNS))
    store = LanceDbStore(KB, {"uri": f"{folder}/store-alone"})
    dimension = run.embedder.fingerprint.dimension
    doc_ids = sorted(set(chunks["doc_id"].to_pylist()))
    replaced = random.Random(SEED).sample(doc_ids, max(1, round(CHANGED_SHARE * len(doc_ids))))
    few = chunks.filter(pc.is_in(chunks["doc_id"], pa.array(replaced)))
    began = time.perf_counter()
    if name == "full":
        n_stored = store.build("full", _batches(chunks), dimension=dimension)
    else:
        n_stored = store.build("child", _batches(few), dimension=dimension, parent="full", removed_doc_ids=replaced)
    seconds = time.perf_counter() - began
    assert n_stored == len(chunks), f"{n_stored} chunks were stored, not {len(chunks)}"
    return seconds


def _settings(folder: str, embedder: str) -> "Settings":
    """Settings of this knowledge base; given as arguments, which nothing in the environment can override."""
    from kbgate.settings import load_settings

    # Derived documents say the same things over and over: the gates are timed here, their verdicts are for real text.
    judged_only = {"mode": "warn"}
    sections = {
        "source": {"kind": "jsonl", "options": {"path": f"{folder}/rebuild.jsonl"}},
        "quality": {"documents_mode": "warn", "chunks_mode": "warn"},
        "embedder": {"kind": EMBEDDERS[embedder], "cache": f"{folder}/cache"},
        "drift": judged_only,
        "coverage": judged_only,
        "golden": judged_only,
        "recall": {**judged_only, "golden_set": f"{folder}/golden"},
    }
    return load_settings(
        artifact_root=f"{folder}/artifacts", registry={"dsn": f"sqlite:///{folder}/registry.db"}, kb={KB: sections}
    )


def _run(settings: "Settings", name: str) -> Any:
    from kbgate.run import Run, RunRequest

    source = {"mode": "delta" if name == "delta" else "snapshot"}
    path = str(Path(settings.kb[KB].source.options["path"]).with_name(f"{name}.jsonl"))
    overrides = {"source": {**source, "options": {"path": path}}}
    return Run(
        settings, RunRequest(kb=KB, run_key=name, actor="benchmark", reason="a measurement", overrides=overrides)
    )


def _changed(document: "Document") -> "Document":
    from dataclasses import replace

    return replace(document, text=f"{document.text}\n\nThis page was checked again and is still right.")


def _write_jsonl(folder: str, name: str, documents: "list[Document]") -> None:
    with (Path(folder) / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        for document in documents:
            row = {"doc_id": document.doc_id, "title": document.title, "text": document.text}
            file.write(json.dumps(row) + "\n")


def _write_golden_set(folder: str, documents: "list[Document]") -> None:
    """One question a document: its first words."""
    golden = Path(folder) / "golden"
    golden.mkdir()
    queries = [{"query_id": document.doc_id, "text": document.text[:80], "intent": "derived"} for document in documents]
    (golden / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries))
    qrels = "".join(f"{document.doc_id}\t{document.doc_id}\t1\n" for document in documents)
    (golden / "qrels.tsv").write_text("query_id\tdoc_id\trelevance\n" + qrels)


def _batches(chunks: "pa.Table") -> "Iterator[pa.Table]":
    for first in range(0, len(chunks), 4096):
        yield chunks.slice(first, 4096)


def _whole_runs(runs: dict[str, Apart[RunSeconds]], size: str) -> Table:
    labels = {
        "rebuild": "full rebuild, empty vector cache",
        "snapshot": "snapshot of which 1 % changed",
        "delta": "batch of 1 % changed documents",
    }
    whole = runs["rebuild"].value.all
    rows = [
        Row(labels[name], run.value.all, "s", run.value.all / whole, run.peak_memory_mb) for name, run in runs.items()
    ]
    return Table(f"Whole runs with all imports, {size}", "to the full rebuild", tuple(rows))


def _by_stage(runs: dict[str, Apart[RunSeconds]]) -> Table:
    rows = []
    for stage, (whole, _) in runs["rebuild"].value.stages.items():
        for name in ("rebuild", "snapshot"):
            seconds, peak_memory_mb = runs[name].value.stages[stage]
            # The pipeline notes whole milliseconds.
            rows.append(Row(f"{stage}, {name}", seconds, "s", seconds / max(whole, 0.001), peak_memory_mb))
    return Table("The same by stage (peak: of the run so far)", "to the same stage of the full rebuild", tuple(rows))


def _in_the_store(stored: dict[str, Apart[float]], n_chunks: int) -> Table:
    labels = {"full": "full build", "child": "child of it, 1 % of the documents replaced"}
    rows = [
        Row(labels[name], part.value, "s", part.value / stored["full"].value, part.peak_memory_mb)
        for name, part in stored.items()
    ]
    return Table(f"LanceDB alone, {n_chunks:,} chunks", "to the full build", tuple(rows))


if __name__ == "__main__":
    typer.run(main)
