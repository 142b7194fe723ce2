import struct

import numpy as np
import pytest

from kbgate.stores.chunk_table import chunk_schema
from kbgate.stores.received_rows import as_table


def sent(*numbers: float) -> bytes:
    """What pgvector's `vector_send` gives: dimension, an unused field, big-endian floats."""
    return struct.pack(f">hh{len(numbers)}f", len(numbers), 0, *numbers)


def test_vectors_and_columns_are_read_as_they_were_sent() -> None:
    names = ["chunk_id", "heading_path", "position", "vector"]
    table = as_table([["a", ["Top"], 1, sent(0.6, -0.8, 0)], ["b", [], 2, sent(0, 1, 2**-20)]], names, 3)
    assert table.schema.names == names
    assert all(table.schema.field(name).equals(chunk_schema(3).field(name)) for name in names)
    assert table.drop(["vector"]).to_pylist() == [
        {"chunk_id": "a", "heading_path": ["Top"], "position": 1},
        {"chunk_id": "b", "heading_path": [], "position": 2},
    ]
    wanted = np.array([[0.6, -0.8, 0], [0, 1, 2**-20]], np.float32)
    np.testing.assert_array_equal(np.array(table["vector"].to_pylist(), np.float32), wanted)


def test_no_rows_are_a_table_of_the_same_columns() -> None:
    table = as_table([], ["doc_id", "vector"], 3)
    assert (len(table), table.schema) == (0, as_table([["a", sent(1, 0, 0)]], ["doc_id", "vector"], 3).schema)


def test_a_vector_of_another_dimension_is_not_read_as_one_of_ours() -> None:
    with pytest.raises(ValueError, match="reshape"):
        as_table([["a", sent(1, 0)]], ["doc_id", "vector"], 3)
