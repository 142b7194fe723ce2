"""Chunks in PostgreSQL's binary COPY format, which keeps every bit of a vector and spares printing it as text."""

from collections.abc import Iterator
from struct import pack

import pyarrow as pa

from kbgate.stores.chunk_table import vectors_of

_HEADER = b"PGCOPY\n\xff\r\n\0" + pack(">ii", 0, 0)
_TRAILER = pack(">h", -1)
_TEXT_OID = 25
_MESSAGE_ROWS = 1000


def binary_copy(table: pa.Table) -> Iterator[bytes]:
    """Yield the rows of a checked table, columns in the order of CHUNK_COLUMNS, as messages for COPY … (FORMAT binary).

    Format: https://www.postgresql.org/docs/current/sql-copy.html, section "Binary Format"; a `vector` is its int16
    dimension, an int16 zero and big-endian float32 values (pgvector, `vector_send`).
    """
    yield _HEADER
    for first in range(0, table.num_rows, _MESSAGE_ROWS):
        part = table.slice(first, _MESSAGE_ROWS)
        vectors = vectors_of(part).astype(">f4")
        vector_head = pack(">ihh", 4 + 4 * vectors.shape[1], vectors.shape[1], 0)
        columns = (part[name].to_pylist() for name in part.column_names if name != "vector")
        rows = []
        for row, (chunk_id, doc_id, position, start, end, text, heading_path, n_tokens) in enumerate(
            zip(*columns, strict=True)
        ):
            rows += [
                pack(">h", 9),
                _text(chunk_id),
                _text(doc_id),
                pack(">iiiiii", 4, position, 4, start, 4, end),
                _text(text),
                _text_array(heading_path),
                pack(">ii", 4, n_tokens),
                vector_head,
                vectors[row].tobytes(),
            ]
        yield b"".join(rows)
    yield _TRAILER


def _text(value: str) -> bytes:
    encoded = value.encode()
    return pack(">i", len(encoded)) + encoded


def _text_array(values: list[str]) -> bytes:
    dimensions = pack(">ii", len(values), 1) if values else b""
    body = pack(">iii", 1 if values else 0, 0, _TEXT_OID) + dimensions + b"".join(map(_text, values))
    return pack(">i", len(body)) + body
