"""Rows of PostgreSQL as Arrow tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kbgate.stores.chunk_table import chunk_schema, vector_array


def as_table(rows: list[list[Any]], names: list[str], dimension: int) -> pa.Table:
    """Return rows of the columns `names`; a vector is the bytes that pgvector's `vector_send` gives."""
    schema = chunk_schema(dimension)
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    arrays = [
        vector_array(_received(column, dimension)) if name == "vector" else pa.array(column, schema.field(name).type)
        for name, column in zip(names, columns, strict=True)
    ]
    return pa.table(arrays, schema=pa.schema([schema.field(name) for name in names]))


def _received(column: Sequence[bytes], dimension: int) -> NDArray[np.float32]:
    """Decode `vector_send`: two int16, then big-endian float32."""
    raw = np.frombuffer(b"".join(value[4:] for value in column), dtype=">f4")
    return raw.astype(np.float32).reshape(len(column), dimension)
