"""The documents of runs and versions as Parquet: the batch a run read, and the texts a version is made of."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

import pyarrow as pa

from kbgate.artifacts import RunFolder
from kbgate.errors import ArtifactError
from kbgate.records import Document

DOCUMENT_SCHEMA = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("source_uri", pa.string(), nullable=False),
        pa.field("updated_at", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("metadata", pa.string(), nullable=False),
        pa.field("line", pa.int64()),
        pa.field("content_hash", pa.string(), nullable=False),
    ]
)
BATCH_FILE = "batch.parquet"
"""Every document that the source gave."""
DOCUMENTS_FILE = "documents.parquet"
"""The accepted documents that this run adds or changes: later versions read their texts from here."""
ROWS = 2000


def write_documents(folder: RunFolder, name: str, documents: Iterable[Document]) -> int:
    """Write documents as one Parquet file in batches; return how many."""

    def batches() -> Iterator[pa.Table]:
        rest = iter(documents)
        while rows := [_row(document) for document in islice(rest, ROWS)]:
            yield pa.Table.from_pylist(rows, DOCUMENT_SCHEMA)

    return folder.write_batches(name, batches(), DOCUMENT_SCHEMA)


def read_documents(folder: RunFolder, name: str, doc_ids: Collection[str] | None = None) -> Iterator[Document]:
    """Yield the documents of a file, or only those of `doc_ids` (a set, for speed)."""
    for batch in folder.iter_table(name, batch_rows=ROWS):
        for row in batch.to_pylist():
            if doc_ids is None or row["doc_id"] in doc_ids:
                yield _document(row)


def read_version_documents(
    artifact_root: str, kb: str, doc_ids_by_run: Mapping[str, Collection[str]], pattern: str | None = None
) -> Iterator[Document]:
    """Yield the documents of a version, whose ledger says which run's folder holds each text.

    Args:
        doc_ids_by_run: run key -> ids of the documents to take from that run.
        pattern: a glob; only documents whose id fits are given.

    Raises:
        ArtifactError: a text that the ledger names is gone.
    """
    for run_key in sorted(doc_ids_by_run):
        wanted = {doc_id for doc_id in doc_ids_by_run[run_key] if pattern is None or fnmatchcase(doc_id, pattern)}
        found = 0
        for document in read_documents(RunFolder(artifact_root, kb, run_key), DOCUMENTS_FILE, wanted):
            found += 1
            yield document
        if found != len(wanted):
            raise ArtifactError(
                f"{len(wanted) - found} documents of {kb} that the ledger places in the run {run_key} are not in its {DOCUMENTS_FILE}. "
                "Restore that folder from its backup, or ingest a full snapshot."
            )


def _row(document: Document) -> dict[str, Any]:
    return {
        "doc_id": document.doc_id,
        "title": document.title,
        "text": document.text,
        "source_uri": document.source_uri,
        "updated_at": document.updated_at,
        "lang": document.lang,
        "metadata": json.dumps(document.metadata, ensure_ascii=False, sort_keys=True, default=str),
        "line": document.line,
        "content_hash": document.content_hash,
    }


def _document(row: dict[str, Any]) -> Document:
    return Document(
        doc_id=row["doc_id"],
        title=row["title"],
        text=row["text"],
        source_uri=row["source_uri"],
        updated_at=row["updated_at"],
        lang=row["lang"],
        metadata=json.loads(row["metadata"]),
        line=row["line"],
    )
