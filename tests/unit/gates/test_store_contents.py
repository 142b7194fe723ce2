import numpy as np
import pyarrow as pa
import pytest

from chunk_tables import chunk_table, vectors_in, with_vectors
from kbgate.gates.store_contents import UNIT_TOLERANCE, read_store_contents

DIMENSION = 8


def id_of(doc_id: str, start: int, end: int, text: str) -> str:
    """The id of a chunk of `chunk_table`: its text names the number, and its document and place must be those of that number."""
    number = int(text.split('"')[1])
    right = chunk_table(number, number + 1).select(["doc_id", "start", "end"]).to_pylist() == [
        {"doc_id": doc_id, "start": start, "end": end}
    ]
    return f"chunk-{number:06d}" if right else "another chunk"


def spoilt(change):
    """Twelve chunks of three documents; `change` spoils the vectors in place."""
    vectors = vectors_in(chunk_table(0, 12)).copy()
    change(vectors)
    return with_vectors(range(12), vectors)


def test_sound_batches_are_counted_and_nothing_is_found():
    contents = read_store_contents([chunk_table(0, 8), chunk_table(8, 14)], DIMENSION, id_of)
    assert contents.n_chunks == 14
    assert contents.dimensions == {DIMENSION}
    assert contents.wrong_dimension == contents.not_finite == contents.not_unit == []
    assert contents.doubled_chunk_ids() == []
    assert contents.chunks_by_document() == {"doc-00000": 4, "doc-00001": 4, "doc-00002": 4, "doc-00003": 2}


@pytest.mark.parametrize(("value", "found"), [(np.nan, "not_finite"), (np.inf, "not_finite"), (3.0, "not_unit")])
def test_a_flaw_names_its_chunk_once(value, found):
    contents = read_store_contents([spoilt(lambda vectors: vectors.__setitem__((5, 0), value))], DIMENSION, id_of)
    flaws = {name: getattr(contents, name) for name in ("wrong_dimension", "not_finite", "not_unit")}
    assert flaws == {"wrong_dimension": [], "not_finite": [], "not_unit": [], found: ["chunk-000005"]}


@pytest.mark.parametrize(
    ("column", "value"),
    [("text", 'the text of "9"'), ("text", None), ("doc_id", "doc-00007"), ("start", 1), ("end", 8)],
)
def test_a_chunk_whose_text_place_or_document_is_not_that_of_its_id_is_altered(column, value):
    table = chunk_table(0, 8)
    values = table[column].to_pylist()
    values[5] = value
    place = table.column_names.index(column)
    changed = table.set_column(place, column, pa.array(values, table.schema.field(column).type))
    contents = read_store_contents([chunk_table(8, 12), changed], DIMENSION, id_of)
    assert contents.altered == ["chunk-000005"]
    assert read_store_contents([table], DIMENSION, id_of).altered == []


def test_rounding_to_float16_leaves_a_vector_of_length_one():
    rounded = spoilt(lambda vectors: vectors.__setitem__(slice(None), vectors.astype(np.float16)))
    assert read_store_contents([rounded], DIMENSION, id_of).not_unit == []
    longer = spoilt(lambda vectors: vectors.__imul__(1 + 2 * UNIT_TOLERANCE))
    assert len(read_store_contents([longer], DIMENSION, id_of).not_unit) == 12


def test_vectors_of_another_dimension_are_told_apart_within_a_batch():
    table = chunk_table(0, 4)
    vectors = [*table["vector"].to_pylist()[:2], [1.0, 0.0], None]
    mixed = table.set_column(table.column_names.index("vector"), "vector", pa.array(vectors, pa.list_(pa.float32())))
    contents = read_store_contents([mixed], DIMENSION, id_of)
    assert contents.wrong_dimension == ["chunk-000002", "chunk-000003"]
    assert contents.dimensions == {DIMENSION, 2, 0}
    assert contents.not_unit == []


def test_a_chunk_id_in_two_batches_is_doubled():
    assert read_store_contents([chunk_table(0, 6), chunk_table(5, 9)], DIMENSION, id_of).doubled_chunk_ids() == [
        "chunk-000005"
    ]


def test_the_chunks_of_chosen_documents_come_from_every_batch():
    contents = read_store_contents([chunk_table(0, 6), chunk_table(6, 12)], DIMENSION, id_of)
    wanted = [(f"chunk-{number:06}", "doc-00001") for number in range(4, 8)]
    assert list(contents.pairs_of(["doc-00001", "nowhere"])) == wanted


def test_a_store_without_chunks_has_no_documents():
    contents = read_store_contents([], DIMENSION, id_of)
    assert (contents.n_chunks, contents.chunks_by_document(), contents.doubled_chunk_ids()) == (0, {}, [])
