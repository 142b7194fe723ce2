"""Embed the chunks that the cache does not know."""

from collections.abc import Iterator

import pyarrow as pa

from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.stages.chunk_documents import CHUNK_SCHEMA, CHUNKS_FILE
from kbgate.stages.open_run import take_lease
from kbgate.stages.plan_changes import read_plan

VECTORS_FILE = "vectors.parquet"
ROWS = 4096


def embed_chunks(run: Run) -> StageResult:
    """Write `vectors.parquet`: the chunks with their unit vectors; says how much the cache saved.

    Vectors that another model put into the cache under the same fingerprint are not used, and it says so.
    """
    dimension = run.embedder.fingerprint.dimension
    schema = CHUNK_SCHEMA.append(pa.field("vector", pa.list_(pa.float32(), dimension)))
    stats = {"n_cache_hits": 0, "n_embedded": 0, "n_repeated": 0}
    seconds = embedding_seconds = 0.0
    other_model = False

    def batches() -> Iterator[pa.Table]:
        nonlocal seconds, embedding_seconds, other_model
        for batch in run.folder.iter_table(CHUNKS_FILE, batch_rows=ROWS):
            # Embedding is what may outlast the lease.
            take_lease(run)
            other_model |= run.cached_embedder.probe()
            vectors, done = run.cached_embedder.embed_passages(batch.column("text").to_pylist(), run.progress)
            for name in stats:
                stats[name] += getattr(done, name)
            seconds += done.seconds
            embedding_seconds += done.embedding_seconds
            flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), dimension)
            yield pa.Table.from_arrays([*batch.columns, flat], schema=schema)

    run.folder.write_batches(VECTORS_FILE, batches(), schema)
    reused, embedded = _chunks_taken_over(run), stats["n_embedded"]
    spared = reused + stats["n_cache_hits"] + stats["n_repeated"]
    # Reading the cache is what a saving costs, so only the model's own seconds count.
    saved = round(spared * embedding_seconds / embedded, 1) if embedded else None
    message = (
        f"Of {spared + embedded} chunks, {embedded} were embedded in {seconds:.1f} s; "
        f"{reused} came with the base version and {stats['n_cache_hits'] + stats['n_repeated']} from the cache"
    )
    message += f", which saved about {saved:.0f} s." if saved else "."
    if other_model:
        message += (
            f" The vector cache {run.cache_folder} had been filled by a model of the same fingerprint that gives other "
            "vectors; none of those was used."
        )
    summary = {
        "n_chunks": spared + embedded,
        **stats,
        "n_reused": reused,
        "seconds": round(seconds, 2),
        "seconds_saved": saved,
    }
    return StageResult(message=message, summary=summary)


def _chunks_taken_over(run: Run) -> int:
    """Number of chunks of the candidate that this run neither cuts nor embeds, because their documents did not change."""
    base, plan = run.ledger(run.start.base), read_plan(run)
    if base is None or plan.rechunk_all:
        return 0
    return int(base.loc[~base["doc_id"].isin(plan.to_replace), "n_chunks"].sum())
