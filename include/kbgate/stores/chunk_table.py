"""The one table shape that stores accept and return, and the checks of what comes in."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kbgate.errors import UsageError
from kbgate.stores import CHUNK_COLUMNS

BATCH_ROWS = 8192
"""Rows of a table that `read` yields: small enough for memory, large enough for the linear algebra."""


def chunk_schema(dimension: int) -> pa.Schema:
    """Return the schema of a version whose vectors have `dimension` components."""
    types = {
        "chunk_id": pa.string(),
        "doc_id": pa.string(),
        "position": pa.int32(),
        "start": pa.int32(),
        "end": pa.int32(),
        "text": pa.string(),
        "heading_path": pa.list_(pa.string()),
        "n_tokens": pa.int32(),
        "vector": pa.list_(pa.float32(), dimension),
    }
    return pa.schema([pa.field(name, types[name]) for name in CHUNK_COLUMNS])


def checked(batches: Iterable[pa.Table], dimension: int) -> Iterator[pa.Table]:
    """Yield each batch in the shape of `chunk_schema(dimension)`; further columns are left out.

    Raises:
        UsageError: a column is missing, has nulls or another type, or a vector is of another dimension, not finite or zero.
    """
    schema = chunk_schema(dimension)
    for number, batch in enumerate(batches, start=1):
        place = f"Batch {number} of the build"
        missing = [name for name in CHUNK_COLUMNS if name not in batch.column_names]
        if missing:
            raise UsageError(f"{place} has no column {', '.join(missing)}; wanted: {', '.join(CHUNK_COLUMNS)}.")
        columns = [_cast(batch[name], schema.field(name), place) for name in CHUNK_COLUMNS]
        table = pa.table(columns, schema=schema)
        _check_vectors(table, place)
        yield table


def _cast(column: pa.ChunkedArray, field: pa.Field, place: str) -> pa.ChunkedArray:
    if column.null_count:
        raise UsageError(f"{place}: column {field.name} has {column.null_count} empty cells; every cell is needed.")
    if pa.types.is_fixed_size_list(column.type) and column.type != field.type:
        found = column.type.list_size
        if found != field.type.list_size:
            raise UsageError(f"{place}: its vectors have {found} dimensions, wanted {field.type.list_size}.")
    try:
        return column.cast(field.type)
    except pa.ArrowException as error:
        raise UsageError(f"{place}: column {field.name} is {column.type}, wanted {field.type} ({error}).") from error


def _check_vectors(table: pa.Table, place: str) -> None:
    vectors = vectors_of(table)
    finite = np.asarray(np.isfinite(vectors).all(axis=1))
    # A zero vector has no direction: cosine is undefined and vector indexes leave it out.
    good = finite & vectors.any(axis=1)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        what = "is all zeros" if finite[row] else "is not finite"
        raise UsageError(
            f"{place}: the vector of chunk {table['chunk_id'][row]} {what} ({int((~good).sum())} such rows). "
            "Find out what the embedding model got for it; nothing was stored."
        )


def vectors_of(table: pa.Table | pa.RecordBatch) -> NDArray[np.float32]:
    """Return the column `vector` as float32 of shape (n_rows, dimension)."""
    column = table["vector"]
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)


def vector_array(vectors: NDArray[np.float32]) -> pa.FixedSizeListArray:
    """Return float32 vectors of shape (n_rows, dimension) as an Arrow array."""
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def check_columns(columns: Sequence[str]) -> list[str]:
    """Return `columns` as a list.

    Raises:
        UsageError: there is none, or one is not in CHUNK_COLUMNS.
    """
    unknown = [name for name in columns if name not in CHUNK_COLUMNS]
    if unknown or not columns:
        raise UsageError(f"Columns {unknown or 'none'} were asked for; a store has {', '.join(CHUNK_COLUMNS)}.")
    return list(columns)


def check_unique(chunk_ids: pa.Array | pa.ChunkedArray) -> None:
    """Accept chunk ids that are all different.

    Raises:
        UsageError: an id occurs twice, as when a changed document was added but not removed from the parent.
    """
    if pc.count_distinct(chunk_ids).as_py() == len(chunk_ids):
        return
    counts = pc.value_counts(chunk_ids)
    doubled = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    raise UsageError(
        f"Chunk id {doubled[0]} occurs more than once ({len(doubled)} such ids). Was a changed document added "
        "without removing its old chunks (removed_doc_ids)? Nothing was stored."
    )


def sampled_ids(chunk_ids: Sequence[str], n: int, seed: int) -> list[str]:
    """Draw n different ids without replacement (all, if there are fewer), sorted; the same for the same ids and seed.

    Raises:
        UsageError: n is below 1.
    """
    if n < 1:
        raise UsageError(f"A sample of {n} chunks was asked for; wanted at least 1.")
    ordered = sorted(chunk_ids)
    if n >= len(ordered):
        return ordered
    rows = np.random.default_rng(seed).choice(len(ordered), size=n, replace=False)
    return [ordered[row] for row in sorted(rows)]
