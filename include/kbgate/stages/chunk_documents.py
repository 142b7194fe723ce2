"""Cut the documents that are new, changed or to be rebuilt."""

from collections.abc import Iterator
from itertools import islice

import pyarrow as pa

from kbgate.corpus import DOCUMENTS_FILE, read_documents, read_version_documents
from kbgate.records import Chunk, Document
from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.stages.plan_changes import read_plan

CHUNKS_FILE = "chunks.parquet"
CHUNK_SCHEMA = pa.schema(
    [
        ("chunk_id", pa.string()),
        ("doc_id", pa.string()),
        ("position", pa.int32()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("text", pa.string()),
        ("heading_path", pa.list_(pa.string())),
        ("n_tokens", pa.int32()),
    ]
)
ROWS = 4000


def chunk_documents(run: Run) -> StageResult:
    """Write `chunks.parquet` with the chunks of every document that must be embedded."""

    def batches() -> Iterator[pa.Table]:
        chunks = (chunk for document in documents_to_chunk(run) for chunk in run.chunker.chunk(document))
        while rows := [_row(chunk) for chunk in islice(chunks, ROWS)]:
            yield pa.Table.from_pylist(rows, CHUNK_SCHEMA)

    n_chunks = run.folder.write_batches(CHUNKS_FILE, batches(), CHUNK_SCHEMA)
    n_documents = len(read_plan(run).to_chunk)
    return StageResult(
        message=f"{n_chunks} chunks of {n_documents} documents.",
        summary={"n_chunks": n_chunks, "n_documents": n_documents},
    )


def documents_to_chunk(run: Run) -> Iterator[Document]:
    """Yield this run's documents and, in a rebuild, those of the base that stay."""
    plan = read_plan(run)
    yield from read_documents(run.folder, DOCUMENTS_FILE)
    stay = set(plan.to_chunk) - set(plan.added + plan.changed)
    ledger = run.ledger(run.start.base)
    if stay and ledger is not None:
        rows = ledger[ledger["doc_id"].isin(stay)]
        by_run = {str(key): list(group["doc_id"]) for key, group in rows.groupby("run_key")}
        yield from read_version_documents(run.settings.artifact_root, run.kb, by_run)


def _row(chunk: Chunk) -> dict[str, object]:
    return {name: getattr(chunk, name) for name in CHUNK_SCHEMA.names}
