"""Golden queries against many chunks: exact and through LanceDB's index, beside a bare matrix product.

The vectors are random unit vectors around cluster centres, and a query is a chunk's vector with noise: enough to time the
search and to compare approximate with exact results, not to judge a model.
"""

import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from measuring.run_apart import Apart, run_apart
from measuring.table import Row, Table, show

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kbgate.evaluation.golden_set import GoldenSet

SEED = 20260101
DIMENSION = 384
K = 5
CHUNKS_PER_DOCUMENT = 10
CHUNKS_PER_CLUSTER = 50
NOISE = 1.0
"""Length of the noise added to a centre or a chunk, whose length is 1: it leaves a cosine of about 0.71 to it."""
KB, VERSION = "bench", "v1.0.0"


@dataclass(frozen=True, slots=True)
class Size:
    """How many chunks and queries; from `index_min_rows` chunks on the store has an index."""

    chunks: int
    queries: int
    index_min_rows: int


FULL = Size(chunks=100_000, queries=1_000, index_min_rows=20_000)
QUICK = Size(chunks=4_000, queries=100, index_min_rows=1_000)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a way of searching found: chunk ids of shape (n_queries, k), recall@k of the golden set, and what it took."""

    chunk_ids: Any
    recall: float
    search_seconds: float
    measure_seconds: float


def main(
    quick: Annotated[bool, typer.Option(help="Small form, for a look and for the tests.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the tables to this file too.")] = None,
) -> None:
    """Ask every query of a golden set in four ways."""
    size = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="kbgate-bench-") as folder:
        run_apart(write_data, folder, size)
        built = {f"store {kind}": run_apart(build, folder, kind, size) for kind in ("numpy", "lancedb")}
        found = {
            "numpy: bare matrix product": run_apart(ask_bare_numpy, folder, size),
            "store numpy, exact": run_apart(ask_store, folder, "numpy", True, size),
            "store lancedb, exact": run_apart(ask_store, folder, "lancedb", True, size),
            "store lancedb, index": run_apart(ask_store, folder, "lancedb", False, size),
        }
    what = f"{size.queries:,} golden queries against {size.chunks:,} chunks"
    show([_search(found, what), _overlap(found), _recall(found), _build(built)], json_file)


def write_data(folder: str, size: Size) -> None:
    """Write the chunks as the stage `embed_chunks` leaves them, and the queries' vectors."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    generator = np.random.default_rng(SEED)
    centres = _unit(generator.normal(size=(size.chunks // CHUNKS_PER_CLUSTER, DIMENSION)))
    vectors = _near(centres[generator.integers(len(centres), size=size.chunks)], generator)
    np.save(f"{folder}/queries.npy", _near(vectors[_asked(size)], generator))
    numbers = range(size.chunks)
    columns = {
        "chunk_id": [_chunk_id(number) for number in numbers],
        "doc_id": [_doc_id(number) for number in numbers],
        "position": [number % CHUNKS_PER_DOCUMENT for number in numbers],
        "start": [0] * size.chunks,
        "end": [1000] * size.chunks,
        "text": [f"chunk {number:07} " * 70 for number in numbers],
        "heading_path": [["Derived"]] * size.chunks,
        "n_tokens": [240] * size.chunks,
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), DIMENSION),
    }
    pq.write_table(pa.table(columns), f"{folder}/vectors.parquet", row_group_size=4096)


def build(folder: str, kind: str, size: Size) -> float:
    """Build the version, its index included; return seconds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    store, chunks = _store(folder, kind, size), pq.ParquetFile(f"{folder}/vectors.parquet")
    batches = (pa.Table.from_batches([batch]) for batch in chunks.iter_batches(4096))
    began = time.perf_counter()
    n_stored = store.build(VERSION, batches, dimension=DIMENSION)
    seconds = time.perf_counter() - began
    assert n_stored == size.chunks, f"{n_stored} chunks were stored, not {size.chunks}"
    return seconds


def ask_bare_numpy(folder: str, size: Size) -> Answers:
    """Search vectors that lie in memory: one float32 product, then the k best of each row."""
    import numpy as np
    import pyarrow.parquet as pq

    from kbgate.records import Hits

    column = pq.read_table(f"{folder}/vectors.parquet", columns=["vector"])["vector"].combine_chunks()
    vectors, queries = column.flatten().to_numpy().reshape(-1, DIMENSION), np.load(f"{folder}/queries.npy")
    began = time.perf_counter()
    chosen = np.empty((size.queries, K), dtype=np.int64)
    similarities = np.empty((size.queries, K), dtype=np.float32)
    for first in range(0, size.queries, 100):
        products = queries[first : first + 100] @ vectors.T
        best = np.argpartition(products, -K, axis=1)[:, -K:]
        values = np.take_along_axis(products, best, axis=1)
        order = np.argsort(-values, axis=1)
        chosen[first : first + 100] = np.take_along_axis(best, order, axis=1)
        similarities[first : first + 100] = np.take_along_axis(values, order, axis=1)
    seconds = time.perf_counter() - began
    ids = np.vectorize(_chunk_id, otypes=[object])(chosen)
    doc_ids = np.vectorize(_doc_id, otypes=[object])(chosen)
    return _measured(size, Hits(ids, doc_ids, similarities), seconds)


def ask_store(folder: str, kind: str, exact: bool, size: Size) -> Answers:
    """Search the finished version as the recall gate does."""
    import numpy as np

    store, queries = _store(folder, kind, size), np.load(f"{folder}/queries.npy")
    began = time.perf_counter()
    hits = store.search(VERSION, queries, K, exact=exact)
    return _measured(size, hits, time.perf_counter() - began)


def _measured(size: Size, hits: Any, search_seconds: float) -> Answers:
    from kbgate.evaluation.query_results import measure_queries

    golden = _golden_set(size)
    began = time.perf_counter()
    results = measure_queries(golden, hits, k=K, zero_hit_similarity=0.25)
    seconds = time.perf_counter() - began
    return Answers(hits.chunk_ids, float(results.column("recall").mean()), search_seconds, seconds)


def _store(folder: str, kind: str, size: Size) -> Any:
    from kbgate.parts import load
    from kbgate.stores import REGISTRY

    options: dict[str, Any] = {"uri": f"{folder}/{kind}"}
    if kind == "lancedb":
        options["index_min_rows"] = size.index_min_rows
    return load(REGISTRY, kind, "store.kind")(KB, options)


def _asked(size: Size) -> list[int]:
    """Number of the chunk that each query lies near."""
    return random.Random(SEED).choices(range(size.chunks), k=size.queries)


def _golden_set(size: Size) -> "GoldenSet":
    """Each query asks for the document of the chunk that it lies near."""
    from kbgate.evaluation.golden_set import GoldenSet, Judgement, Query

    asked = list(enumerate(_asked(size)))
    queries = tuple(Query(f"q{number}", f"question {number}", f"intent {number % 8}") for number, _ in asked)
    judgements = tuple(Judgement(f"q{number}", _doc_id(chunk), 1) for number, chunk in asked)
    return GoldenSet("derived", queries, judgements)


def _near(origins: Any, generator: "np.random.Generator") -> "NDArray[np.float32]":
    return _unit(origins + NOISE * _unit(generator.normal(size=origins.shape)))


def _unit(vectors: Any) -> "NDArray[np.float32]":
    import numpy as np

    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _chunk_id(number: int) -> str:
    return f"chunk-{number:07}"


def _doc_id(number: int) -> str:
    return f"doc-{number // CHUNKS_PER_DOCUMENT:06}"


def _search(found: dict[str, Apart[Answers]], what: str) -> Table:
    parts = dict(found)
    seconds = {name: part.value.search_seconds for name, part in found.items()}
    metrics = "measure_queries on the index's answers"
    parts[metrics] = found["store lancedb, index"]
    seconds[metrics] = parts[metrics].value.measure_seconds
    return _compared(f"{what}, k = {K}", "to the bare matrix product", parts, "s", seconds)


def _overlap(found: dict[str, Apart[Answers]]) -> Table:
    """Share of the exact k best chunks (LanceDB, exact) that each way found."""
    exact = found["store lancedb, exact"].value.chunk_ids
    shares = {}
    for name, part in found.items():
        shared = [len(set(mine) & set(right)) for mine, right in zip(part.value.chunk_ids, exact, strict=True)]
        shares[name] = sum(shared) / exact.size
    title = f"Overlap@{K} with the exact answer"
    rows = [Row(name, share, "share", share, found[name].peak_memory_mb) for name, share in shares.items()]
    return Table(title, "overlap, 1 is the exact answer", tuple(rows))


def _recall(found: dict[str, Apart[Answers]]) -> Table:
    recalls = {name: part.value.recall for name, part in found.items()}
    return _compared(f"Recall@{K} on the golden set", "to the bare matrix product", found, "recall", recalls)


def _build(built: dict[str, Apart[float]]) -> Table:
    seconds = {name: part.value for name, part in built.items()}
    return _compared("Build, index included", "to the store numpy", built, "s", seconds)


def _compared(title: str, ratio_means: str, parts: dict[str, Any], unit: str, values: dict[str, float]) -> Table:
    """A table whose first row is the reference."""
    reference = next(iter(values.values()))
    rows = [Row(name, value, unit, value / reference, parts[name].peak_memory_mb) for name, value in values.items()]
    return Table(title, ratio_means, tuple(rows))


if __name__ == "__main__":
    typer.run(main)
