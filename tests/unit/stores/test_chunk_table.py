import numpy as np
import pyarrow as pa
import pytest

from chunk_tables import chunk_table, vectors_in, with_vectors
from kbgate.errors import UsageError
from kbgate.stores import CHUNK_COLUMNS
from kbgate.stores.chunk_table import (
    check_columns,
    check_unique,
    checked,
    chunk_schema,
    sampled_ids,
    vector_array,
    vectors_of,
)


def test_a_checked_batch_has_exactly_the_schema():
    (table,) = checked([chunk_table(0, 3)], 8)
    assert table.schema == chunk_schema(8)
    assert tuple(table.column_names) == CHUNK_COLUMNS


def test_lists_of_doubles_are_taken_when_their_length_is_right():
    table = chunk_table(0, 3)
    doubles = table.set_column(8, "vector", table["vector"].cast(pa.list_(pa.float64())))
    (found,) = checked([doubles], 8)
    assert vectors_of(found).tobytes() == vectors_in(table).tobytes()


def test_lists_of_uneven_length_are_refused():
    table = chunk_table(0, 2)
    uneven = table.set_column(8, "vector", pa.array([[1.0] * 8, [1.0] * 7]))
    with pytest.raises(UsageError, match="Batch 1 of the build: column vector"):
        list(checked([uneven], 8))


def test_a_number_that_does_not_fit_is_refused():
    table = chunk_table(0, 1)
    with pytest.raises(UsageError, match="column start"):
        list(checked([table.set_column(3, "start", pa.array([2**40]))], 8))


def test_the_message_counts_batches_from_one():
    with pytest.raises(UsageError, match="Batch 2 of the build has no column text"):
        list(checked([chunk_table(0, 1), chunk_table(1, 2).drop_columns(["text"])], 8))


def test_vectors_of_a_slice_and_of_several_pieces_are_the_right_ones():
    table = pa.concat_tables([chunk_table(0, 5), chunk_table(5, 9)])
    everything = np.concatenate([vectors_in(chunk_table(0, 5)), vectors_in(chunk_table(5, 9))])
    assert vectors_of(table.slice(3, 4)).tolist() == everything[3:7].tolist()
    assert vectors_of(table.slice(2, 2).to_batches()[0]).tolist() == everything[2:4].tolist()


def test_vector_arrays_take_arrays_in_any_memory_order():
    vectors = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert vector_array(vectors).to_pylist() == [[0, 1, 2], [3, 4, 5]]


def test_the_doubled_chunk_id_is_named():
    check_unique(pa.array(["a", "b"]))
    with pytest.raises(UsageError, match=r"Chunk id b occurs more than once \(1 such ids\)"):
        check_unique(pa.array(["a", "b", "b"]))


def test_columns_are_checked_by_name():
    assert check_columns(("vector", "text")) == ["vector", "text"]
    for bad in ([], ["texts"]):
        with pytest.raises(UsageError):
            check_columns(bad)


def test_a_sample_does_not_depend_on_the_order_of_the_ids():
    ids = [f"c{number}" for number in range(50)]
    assert sampled_ids(ids, 5, seed=1) == sampled_ids(ids[::-1], 5, seed=1)
    assert sampled_ids(ids, 5, seed=1) != sampled_ids(ids, 5, seed=2)
    assert sampled_ids(ids, 50, seed=1) == sorted(ids)


def test_a_sample_of_nothing_is_refused():
    with pytest.raises(UsageError, match="at least 1"):
        sampled_ids(["a"], 0, seed=1)


def test_a_zero_vector_is_refused_and_a_negative_zero_beside_others_is_not():
    list(checked([with_vectors([0], np.array([[-0.0, 1.0]], np.float32))], 2))
    with pytest.raises(UsageError, match="all zeros"):
        list(checked([with_vectors([0], np.array([[-0.0, 0.0]], np.float32))], 2))
