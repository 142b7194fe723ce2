"""The document gate: does time follow the number of documents, where does it go, and how much memory does a run need?"""

import functools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from measuring.first_stages import measure_stages
from measuring.run_apart import Apart, run_apart, share_imports
from measuring.table import Row, Table, show

SEED = 20260101
SIZES = (10_000, 100_000)
QUICK_SIZES = (200, 1_000)
QUICK_STAGES_SIZE = 300
KINDS = {
    "all": "whole gate",
    "cpu": "whole gate, processor time",
    "measure": "measure_documents",
    "judge": "judge_documents",
}
PHASES = {
    "tokens": "count tokens (model's tokenizer)",
    "language": "tell the language",
    "minhash": "near-duplicates: MinHash and candidates",
    "verify": "near-duplicates: read again and verify",
    "normalise": "normalise texts",
    "characters": "count characters",
    "mojibake": "find mojibake",
    "markup": "find leftover markup",
    "content_hash": "hash contents",
    "expectations": "Great Expectations suite",
}

Seconds = defaultdict[str, float]


def main(
    quick: Annotated[bool, typer.Option(help="Small form, for a look and for the tests.")] = False,
    stages: Annotated[
        int | None, typer.Option(help="Instead: a run's stages up to its plan over so many short documents.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the tables to this file too.")] = None,
) -> None:
    """Measure the document gate at two sizes, or the stages of whole runs at one."""
    if quick:
        share_imports("great_expectations", "sentence_transformers")
    tables = []
    with tempfile.TemporaryDirectory(prefix="kbgate-bench-") as folder:
        if stages is None:
            sizes = QUICK_SIZES if quick else SIZES
            run_apart(write_batches, folder, sizes)
            found = {size: run_apart(judge_batch, folder, size) for size in sizes}
            tables += [_growth(found), _phases(sizes[-1], found[sizes[-1]])]
        if stages is not None or quick:
            tables.append(measure_stages(folder, stages or QUICK_STAGES_SIZE))
    show(tables, json_file)


def write_batches(folder: str, sizes: tuple[int, ...]) -> None:
    """Write the batches as the stage `read_documents` leaves them."""
    from kbgate.artifacts import RunFolder
    from kbgate.corpus import BATCH_FILE, write_documents
    from measuring.derived_documents import derived_documents

    for size in sizes:
        write_documents(RunFolder(folder, "bench", str(size)), BATCH_FILE, derived_documents(size, SEED))


def judge_batch(folder: str, size: int) -> dict[str, float]:
    """Measure and judge one batch as the stage `check_documents` does; return seconds: in all, and of each phase."""
    from kbgate.artifacts import RunFolder
    from kbgate.corpus import BATCH_FILE, read_documents
    from kbgate.embedders.sentence_transformers import SentenceTransformersEmbedder
    from kbgate.gates.documents import judge_documents
    from kbgate.quality import document_features, suites
    from kbgate.records import Document
    from kbgate.sections.embedder import EmbedderSettings
    from kbgate.sections.quality import QualitySettings

    tokenizer: Any = SentenceTransformersEmbedder(EmbedderSettings()).tokenizer
    settings = QualitySettings()
    seconds: Seconds = defaultdict(float)
    near = document_features.NearDuplicates
    _time(seconds, "tokens", tokenizer, "count")
    _time(seconds, "language", document_features, "detect_languages")
    _time(seconds, "minhash", near, "add")
    _time(seconds, "minhash", near, "candidates")
    _time(seconds, "verify", near, "verify")
    _time(seconds, "normalise", document_features, "normalised")
    _time(seconds, "characters", document_features, "count_characters")
    _time(seconds, "mojibake", document_features, "count_mojibake")
    _time(seconds, "markup", document_features, "count_leftover_markup")
    _time(seconds, "expectations", suites, "run_suite")
    content_hash: Any = vars(Document)["content_hash"]
    setattr(Document, "content_hash", property(_timed(seconds, "content_hash", content_hash.fget)))  # noqa: B010

    batch = RunFolder(folder, "bench", str(size))
    began, cpu_before = time.perf_counter(), time.process_time()
    features = document_features.measure_documents(lambda: read_documents(batch, BATCH_FILE), tokenizer, settings)
    measured = time.perf_counter()
    gate = judge_documents(
        features=features, rejected=(), reference=None, live_ledger=None, mode="snapshot", settings=settings
    )
    judged, cpu = time.perf_counter(), time.process_time() - cpu_before
    assert len(features) == size, f"{len(features)} documents were measured, not {size}"
    assert gate.result.details["rows_by_rule"]["near_duplicate"], "no near-duplicate was found, so the search was idle"
    return {**seconds, "all": judged - began, "cpu": cpu, "measure": measured - began, "judge": judged - measured}


def _time(seconds: Seconds, phase: str, owner: Any, name: str) -> None:
    """Let the time that `owner.name` takes be added up, without that of another phase inside it."""
    setattr(owner, name, _timed(seconds, phase, getattr(owner, name)))


def _timed(seconds: Seconds, phase: str, work: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(work)
    def run(*arguments: Any, **named: Any) -> Any:
        began, before = time.perf_counter(), sum(seconds.values())
        try:
            return work(*arguments, **named)
        finally:
            inside = sum(seconds.values()) - before
            seconds[phase] += time.perf_counter() - began - inside

    return run


def _growth(found: dict[int, Apart[dict[str, float]]]) -> Table:
    small, large = found
    rows = []
    for key, name in KINDS.items():
        for size in (small, large):
            per_thousand = 1000 * found[size].value[key] / size
            ratio = per_thousand / (1000 * found[small].value[key] / small)
            label = f"{name}, {size:,} documents"
            rows.append(Row(label, per_thousand, "s per 1,000", ratio, found[size].peak_memory_mb))
    return Table(
        "Document gate, time for each thousand documents", f"to {small:,} documents; 1 means linear", tuple(rows)
    )


def _phases(size: int, found: Apart[dict[str, float]]) -> Table:
    seconds = dict(found.value)
    whole = seconds["all"]
    phases = {label: seconds.get(key, 0.0) for key, label in PHASES.items()}
    phases["everything else (Parquet, frames, masks, profile)"] = whole - sum(phases.values())
    ordered = sorted(phases.items(), key=lambda phase: -phase[1])
    rows = [Row("whole gate", whole, "s", 1.0, found.peak_memory_mb)]
    rows += [Row(label, spent, "s", spent / whole, found.peak_memory_mb) for label, spent in ordered]
    return Table(f"Document gate, where the time goes ({size:,} documents)", "share of the whole gate", tuple(rows))


if __name__ == "__main__":
    typer.run(main)
