"""Read the batch into the run's folder."""

from collections.abc import Iterator
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Literal

import pyarrow as pa

from kbgate.corpus import BATCH_FILE, read_version_documents, write_documents
from kbgate.errors import EmptySourceError, SourceError
from kbgate.records import Document, RejectedRow
from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.sources.deletions import read_deletions
from kbgate.sources.files import EMPTY_FILE

REJECTED_FILE = "rejected.parquet"
DELETIONS_FILE = "deletions.json"
REJECTED_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("source_uri", "rule", "reason", "value", "doc_id")] + [("line", pa.int64())]
)


def read_documents(run: Run) -> StageResult:
    """Read every row of the source: documents into `batch.parquet`, rows that are none into `rejected.parquet`.

    The delta of a quiet night, or one that only deletes, has no row; so may single files of it.

    Raises:
        SourceError: the source as a whole cannot be trusted.
        InfrastructureError: it did not answer.
    """
    rejected: list[RejectedRow] = []

    may_be_empty = run.request.kind == "ingest" and batch_mode(run) == "delta"

    def documents() -> Iterator[Document]:
        try:
            for row in _rows(run):
                if not isinstance(row, RejectedRow):
                    yield row
                elif not (may_be_empty and row.rule == EMPTY_FILE):
                    rejected.append(row)
        except EmptySourceError:
            if not may_be_empty:
                raise

    n_documents = write_documents(run.folder, BATCH_FILE, documents())
    if n_documents == 0 and not rejected and not may_be_empty:
        raise SourceError(f"No document of the batch fits documents = {run.request.documents!r}. Correct the pattern.")
    run.folder.write_table(REJECTED_FILE, pa.Table.from_pylist([asdict(row) for row in rejected], REJECTED_SCHEMA))
    deletions = run.kb_settings.source.deletions
    run.folder.write_json(DELETIONS_FILE, read_deletions(deletions) if deletions else [])
    return StageResult(
        message=f"{n_documents} documents read" + (f", {len(rejected)} rows were none" if rejected else ""),
        summary={"n_documents": n_documents, "n_rejected": len(rejected)},
    )


def read_rejected(run: Run) -> list[RejectedRow]:
    """Return the rows that were no documents."""
    return [RejectedRow(**row) for row in run.folder.read_table(REJECTED_FILE).to_pylist()]


def batch_mode(run: Run) -> Literal["snapshot", "delta"]:
    """How the batch is to be read; a hotfix's batch replaces single documents of its base."""
    if run.request.kind == "hotfix":
        return "snapshot" if run.request.reads_base else "delta"
    return run.kb_settings.source.mode


def _rows(run: Run) -> Iterator[Document | RejectedRow]:
    pattern = run.request.documents
    if not run.request.reads_base:
        for row in run.source.read():
            if pattern is None or fnmatchcase(row.doc_id, pattern):
                yield row
        return
    ledger = run.ledger(run.start.base)
    assert ledger is not None, "open_run refuses a hotfix without a base"
    by_run = {str(key): list(group["doc_id"]) for key, group in ledger.groupby("run_key")}
    yield from read_version_documents(run.settings.artifact_root, run.kb, by_run)
