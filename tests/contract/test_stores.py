"""What every registered store must do; the NumPy store is the definition of right."""

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chunk_tables import chunk_table, vectors_in, with_vectors
from kbgate.errors import SettingsError, UsageError
from kbgate.parts import load
from kbgate.stores import CHUNK_COLUMNS, REGISTRY

KB = "helpdesk"
SCRIPT = Path(__file__).with_name("store_process.py")
INCLUDE, TESTS = Path(__file__).parents[2] / "include", Path(__file__).parents[1]
MARKS = {"pgvector": [pytest.mark.postgres]}


class Backend:
    """One registered store, and how to open it here and in other processes."""

    def __init__(self, name, options):
        self.name, self.options = name, options

    def open(self, kb=KB, **more):
        return load(REGISTRY, self.name, "store.kind")(kb, {**self.options, **more})

    def start(self, **job):
        arguments = json.dumps({"store": self.name, "options": self.options, **job})
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{INCLUDE}{os.pathsep}{TESTS}"},
        )

    def run(self, **job):
        output, _ = self.start(**job).communicate(timeout=300)
        return json.loads(output.splitlines()[-1])


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, [])) for name in sorted(REGISTRY)])
def backend(request, tmp_path):
    if request.param == "pgvector":
        return Backend("pgvector", {"dsn": request.getfixturevalue("postgres_dsn")})
    return Backend(request.param, {"uri": str(tmp_path / "store")})


@pytest.fixture
def store(backend):
    return backend.open()


@pytest.fixture
def filled(store):
    """A store with v1.0.0 of 100 chunks (25 documents) in three batches, one of them empty."""
    batches = [chunk_table(0, 60), chunk_table(60, 60), chunk_table(60, 100)]
    assert store.build("v1.0.0", iter(batches), dimension=8) == 100
    return store


def content(store, version, columns=CHUNK_COLUMNS, doc_ids=None):
    table = pa.concat_tables(store.read(version, columns, doc_ids))
    return table.sort_by("chunk_id").to_pylist() if "chunk_id" in columns else table.to_pylist()


def rows_of(*tables):
    schema = tables[0].schema
    return pa.concat_tables([table.cast(schema) for table in tables]).sort_by("chunk_id").to_pylist()


# -- building and reading ------------------------------------------------------------------------------------------------


def test_every_cell_comes_back_as_it_was_stored(filled):
    assert content(filled, "v1.0.0") == rows_of(chunk_table(0, 60), chunk_table(60, 100))


def test_vectors_come_back_bit_equal(store):
    vectors = np.array([[1e-38, -0.0, 1.0], [np.pi, 1 / 3, -2.5e20], [1e-45, 3.4e38, 7.0]], dtype=np.float32)
    store.build("v1.0.0", [with_vectors(range(3), vectors)], dimension=3)
    table = pa.concat_tables(store.read("v1.0.0", ["vector", "chunk_id"])).sort_by("chunk_id")
    assert table.column_names == ["vector", "chunk_id"]
    assert vectors_in(table).tobytes() == vectors.tobytes()


def test_a_version_may_be_empty(store):
    assert store.build("v1.0.0", [], dimension=8) == 0
    assert store.count("v1.0.0") == 0
    assert content(store, "v1.0.0") == []
    assert store.sample("v1.0.0", 3, ["doc_id"], seed=1).num_rows == 0
    assert store.search("v1.0.0", np.ones((1, 8), np.float32), 2).chunk_ids.tolist() == [["", ""]]


def test_an_empty_parent_can_be_built_on(store):
    store.build("v1.0.0", [], dimension=8)
    assert store.build("v1.0.1", [chunk_table(0, 5)], dimension=8, parent="v1.0.0") == 5
    assert content(store, "v1.0.1") == rows_of(chunk_table(0, 5))


def test_read_yields_just_the_documents_asked_for_each_once(filled):
    found = content(filled, "v1.0.0", ["chunk_id", "doc_id"], ["doc-00003", "it's not there", "doc-00001", "doc-00003"])
    assert [row["chunk_id"] for row in found] == [f"chunk-{number:06d}" for number in [4, 5, 6, 7, 12, 13, 14, 15]]


def test_read_yields_a_table_even_without_rows(filled):
    for doc_ids in ([], ["not there"]):
        (table,) = filled.read("v1.0.0", ["text", "vector"], doc_ids)
        assert (table.num_rows, table.column_names) == (0, ["text", "vector"])


def test_an_unknown_column_is_refused(filled):
    with pytest.raises(UsageError, match="vektor"):
        list(filled.read("v1.0.0", ["chunk_id", "vektor"]))
    with pytest.raises(UsageError, match="heading"):
        filled.sample("v1.0.0", 3, ["heading"], seed=1)


def test_knowledge_bases_do_not_see_one_another(backend, filled):
    other = backend.open(kb="intranet")
    assert other.versions() == []
    other.build("v1.0.0", [chunk_table(0, 3)], dimension=8)
    assert (filled.count("v1.0.0"), other.count("v1.0.0")) == (100, 3)


# -- sampling ------------------------------------------------------------------------------------------------------------


def test_a_sample_is_the_same_for_the_same_seed_and_ordered(filled):
    first = filled.sample("v1.0.0", 10, ["chunk_id", "vector"], seed=7)
    ids = first["chunk_id"].to_pylist()
    assert len(set(ids)) == 10
    assert ids == sorted(ids)
    assert filled.sample("v1.0.0", 10, ["chunk_id", "vector"], seed=7).to_pylist() == first.to_pylist()
    assert filled.sample("v1.0.0", 10, ["chunk_id"], seed=8)["chunk_id"].to_pylist() != ids


def test_a_sample_may_leave_the_chunk_id_out_and_is_all_when_n_is_large(filled):
    table = filled.sample("v1.0.0", 1000, ["text", "position"], seed=7)
    assert table.column_names == ["text", "position"]
    assert table["text"].to_pylist() == [row["text"] for row in rows_of(chunk_table(0, 60), chunk_table(60, 100))]


def test_all_backends_draw_the_same_sample(filled, tmp_path):
    reference = load(REGISTRY, "numpy", "store.kind")(KB, {"uri": str(tmp_path / "reference")})
    reference.build("v1.0.0", [chunk_table(60, 100), chunk_table(0, 60)], dimension=8)
    columns = ["chunk_id", "heading_path"]
    assert filled.sample("v1.0.0", 9, columns, 3).to_pylist() == reference.sample("v1.0.0", 9, columns, 3).to_pylist()


# -- searching -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exact", [True, False])
def test_a_chunk_finds_itself_first_with_its_document_and_cosine_one(filled, exact):
    hits = filled.search("v1.0.0", vectors_in(chunk_table(0, 60)), 3, exact=exact)
    assert hits.chunk_ids.shape == hits.doc_ids.shape == hits.similarities.shape == (60, 3)
    assert hits.similarities.dtype == np.float32
    assert hits.chunk_ids[:, 0].tolist() == chunk_table(0, 60)["chunk_id"].to_pylist()
    assert hits.doc_ids[:, 0].tolist() == chunk_table(0, 60)["doc_id"].to_pylist()
    np.testing.assert_allclose(hits.similarities[:, 0], 1, atol=1e-6)
    assert (np.diff(hits.similarities, axis=1) <= 0).all()


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("k", [1, 4, 7, 30])
def test_ties_go_by_chunk_id_ascending(store, exact, k):
    right, up = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    numbers = [9, 3, 27, 14, 5, 21, 8, 30, 2, 11]
    vectors = np.array([right if number % 2 else up for number in numbers])
    store.build("v1.0.0", [with_vectors(numbers[:4], vectors[:4]), with_vectors(numbers[4:], vectors[4:])], dimension=2)
    hits = store.search("v1.0.0", right[None, :], k, exact=exact)
    expected = [f"chunk-{number:06d}" for number in [3, 5, 9, 11, 21, 27, 2, 8, 14, 30]]
    assert hits.chunk_ids[0].tolist() == (expected + [""] * k)[:k]


@pytest.mark.parametrize("exact", [True, False])
def test_of_many_equal_chunks_the_first_ids_are_returned(store, exact):
    numbers = list(range(60, 0, -1))
    store.build("v1.0.0", [with_vectors(numbers, np.ones((60, 2), np.float32))], dimension=2)
    hits = store.search("v1.0.0", np.array([[1, 2]], np.float32), 3, exact=exact)
    assert hits.chunk_ids[0].tolist() == ["chunk-000001", "chunk-000002", "chunk-000003"]


@pytest.mark.parametrize("exact", [True, False])
def test_more_results_than_chunks_are_padded(store, exact):
    store.build("v1.0.0", [chunk_table(0, 2)], dimension=8)
    hits = store.search("v1.0.0", vectors_in(chunk_table(5, 8)), 4, exact=exact)
    assert (hits.chunk_ids[:, 2:] == "").all()
    assert (hits.doc_ids[:, 2:] == "").all()
    assert np.isnan(hits.similarities[:, 2:]).all()
    assert np.isfinite(hits.similarities[:, :2]).all()


def test_no_queries_give_no_rows(filled):
    assert filled.search("v1.0.0", np.empty((0, 8), np.float32), 5).chunk_ids.shape == (0, 5)


def test_similarity_is_cosine_even_for_vectors_that_are_not_of_unit_length(store):
    store.build("v1.0.0", [with_vectors(range(2), np.array([[3, 0], [5, 5]], np.float32))], dimension=2)
    hits = store.search("v1.0.0", np.array([[0, 0.2]], np.float32), 2)
    assert hits.chunk_ids[0].tolist() == ["chunk-000001", "chunk-000000"]
    np.testing.assert_allclose(hits.similarities[0], [np.sqrt(0.5), 0], atol=1e-7)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    n_chunks=st.integers(1, 60),
    k=st.integers(1, 70),
    exact=st.booleans(),
    data=st.data(),
)
def test_search_agrees_with_a_plain_definition(store, counter, seed, n_chunks, k, exact, data):
    """Coarse vectors make ties common; the definition is a full sort of float64 cosines rounded to float32."""
    generator = np.random.default_rng(seed)
    levels = data.draw(st.sampled_from([2, 5, 1000]))
    vectors = generator.integers(1, 1 + levels, size=(n_chunks, 3)).astype(np.float32)
    queries = generator.integers(1, 1 + levels, size=(2, 3)).astype(np.float32)
    version = f"v1.0.{next(counter)}"
    store.build(version, [with_vectors(range(n_chunks), vectors)], dimension=3)
    hits = store.search(version, queries, k, exact=exact)
    for row, query in enumerate(queries.astype(np.float64)):
        cosines = (vectors / np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)) @ query
        cosines = (cosines / np.linalg.norm(query)).round(6)
        found = [int(chunk_id.removeprefix("chunk-")) for chunk_id in hits.chunk_ids[row] if chunk_id]
        assert len(set(found)) == min(k, n_chunks)
        np.testing.assert_allclose(hits.similarities[row, : len(found)], cosines[found], atol=2e-6)
        np.testing.assert_allclose(cosines[found], np.sort(cosines)[::-1][: len(found)], atol=2e-6)
        keys = [(-similarity, number) for similarity, number in zip(hits.similarities[row], found, strict=False)]
        assert keys == sorted(keys)


@pytest.fixture
def counter():
    return itertools.count()


def test_queries_of_another_shape_or_not_finite_are_refused(filled):
    with pytest.raises(UsageError, match=r"\(2, 7\)"):
        filled.search("v1.0.0", np.ones((2, 7), np.float32), 3)
    with pytest.raises(UsageError, match="not finite"):
        filled.search("v1.0.0", np.full((1, 8), np.nan, np.float32), 3)
    with pytest.raises(UsageError, match="at least 1"):
        filled.search("v1.0.0", np.ones((1, 8), np.float32), 0)


def test_an_index_finds_nearly_what_an_exact_search_finds(backend):
    if backend.name == "numpy":
        pytest.skip("the NumPy store has no index")
    store = backend.open(index_min_rows=1000)
    generator = np.random.default_rng(1)
    centres = generator.normal(size=(40, 16))
    vectors = (centres[generator.integers(0, 40, 3000)] + 0.3 * generator.normal(size=(3000, 16))).astype(np.float32)
    store.build("v1.0.0", [with_vectors(range(2600), vectors[:2600])], dimension=16)
    store.build("v1.0.1", [with_vectors(range(2600, 3000), vectors[2600:])], dimension=16, parent="v1.0.0")
    queries = vectors[::60] + np.float32(0.01)
    exact = store.search("v1.0.1", queries, 10, exact=True)
    fast = store.search("v1.0.1", queries, 10)
    same = [len(set(a) & set(b)) / 10 for a, b in zip(exact.chunk_ids, fast.chunk_ids, strict=True)]
    assert np.mean(same) >= 0.9
    assert (np.diff(fast.similarities, axis=1) <= 0).all()
    # More than the index can give in one look: everything is compared instead.
    assert (store.search("v1.0.1", queries[:2], 2900).chunk_ids != "").all()


# -- versions ------------------------------------------------------------------------------------------------------------


def test_a_child_is_its_parent_without_the_removed_documents_plus_the_new_chunks(filled):
    before = content(filled, "v1.0.0")
    removed = ["doc-00000", "doc-00002", "never there", "o'clock"]
    n_chunks = filled.build("v1.0.1", [chunk_table(200, 203)], dimension=8, parent="v1.0.0", removed_doc_ids=removed)
    kept = [row for row in before if row["doc_id"] not in removed]
    assert n_chunks == filled.count("v1.0.1") == 92 + 3
    assert content(filled, "v1.0.1") == kept + rows_of(chunk_table(200, 203))
    assert content(filled, "v1.0.0") == before
    assert content(filled, "v1.0.1", ["chunk_id"], removed) == []


def test_a_changed_document_keeps_its_id(filled):
    changed = chunk_table(4, 7, seed=5)
    filled.build("v1.0.1", [changed], dimension=8, parent="v1.0.0", removed_doc_ids=["doc-00001"])
    assert content(filled, "v1.0.1", doc_ids=["doc-00001"]) == rows_of(changed)
    hits = filled.search("v1.0.1", vectors_in(changed), 1)
    np.testing.assert_allclose(hits.similarities, 1, atol=1e-6)


def test_a_long_line_of_versions_stays_right(filled):
    for number in range(1, 41):
        filled.build(
            f"v1.0.{number}",
            [chunk_table(100 + 4 * number, 104 + 4 * number)],
            dimension=8,
            parent=f"v1.0.{number - 1}",
            removed_doc_ids=[f"doc-{number - 1:05d}"] if number <= 20 else [],
        )
        if number >= 3:
            filled.drop(f"v1.0.{number - 3}", protected=[])
    assert {version: filled.count(version) for version in filled.versions()} == {
        "v1.0.38": 172,
        "v1.0.39": 176,
        "v1.0.40": 180,
    }
    assert [row["position"] for row in content(filled, "v1.0.38", ["position", "doc_id"])].count(0) == 43
    expected = [f"chunk-{number:06d}" for number in [*range(80, 100), *range(104, 264)]]
    assert [row["chunk_id"] for row in content(filled, "v1.0.40", ["chunk_id"])] == expected


def test_without_a_parent_a_build_starts_from_nothing_whatever_the_dimension(filled):
    assert filled.build("v1.1.0", [chunk_table(0, 12, dimension=16)], dimension=16) == 12
    assert content(filled, "v1.1.0") == rows_of(chunk_table(0, 12, dimension=16))
    assert filled.build("v1.0.1", [chunk_table(100, 104)], dimension=8, parent="v1.0.0") == 104


def test_a_parent_of_another_dimension_is_refused(filled):
    with pytest.raises(UsageError, match=r"16 dimensions.*have 8"):
        filled.build("v1.1.0", [chunk_table(0, 2, dimension=16)], dimension=16, parent="v1.0.0")
    assert filled.versions() == ["v1.0.0"]


def test_versions_are_sorted_and_hotfix_names_are_allowed(store):
    for version in ("v1.2.1-hotfix.2", "v1.2.1", "v1.2.1-hotfix"):
        store.build(version, [chunk_table(0, 1)], dimension=8)
    assert store.versions() == ["v1.2.1", "v1.2.1-hotfix", "v1.2.1-hotfix.2"]


@pytest.mark.parametrize("name", ["", "../v1", "v1/..", "a b", "v1;drop", '"', ".v1", "v..1", "x" * 65])
def test_a_name_that_is_not_safe_is_refused(store, backend, name):
    with pytest.raises(UsageError, match="cannot be the name of a version"):
        store.build(name, [], dimension=8)
    with pytest.raises(UsageError, match="cannot be the name of a knowledge base"):
        backend.open(kb=name)


def test_a_finished_version_is_never_built_again(filled):
    with pytest.raises(UsageError, match=r"v1\.0\.0 is in the store already"):
        filled.build("v1.0.0", [chunk_table(0, 1)], dimension=8)
    assert filled.count("v1.0.0") == 100


def test_a_version_that_does_not_exist_is_named(filled):
    for call in (
        lambda: filled.count("v9"),
        lambda: list(filled.read("v9", ["text"])),
        lambda: filled.sample("v9", 1, ["text"], seed=0),
        lambda: filled.search("v9", np.ones((1, 8), np.float32), 1),
        lambda: filled.search("../helpdesk/v1.0.0", np.ones((1, 8), np.float32), 1),
        lambda: filled.drop("v9", protected=[]),
        lambda: filled.build("v10", [], dimension=8, parent="v9"),
    ):
        with pytest.raises(UsageError, match=r"is not in the store. Finished versions: v1.0.0"):
            call()


def test_a_protected_version_is_not_dropped(filled):
    with pytest.raises(UsageError, match=r"v1\.0\.0 is named by a release"):
        filled.drop("v1.0.0", protected={"v1.0.0"})
    assert filled.count("v1.0.0") == 100


def test_a_parent_can_be_dropped_and_its_child_stays_whole(filled):
    filled.build("v1.0.1", [chunk_table(200, 203)], dimension=8, parent="v1.0.0", removed_doc_ids=["doc-00000"])
    before = content(filled, "v1.0.1")
    filled.drop("v1.0.0", protected={"v1.0.1"})
    assert filled.versions() == ["v1.0.1"]
    assert content(filled, "v1.0.1") == before
    assert filled.search("v1.0.1", vectors_in(chunk_table(200, 203)), 1).similarities.min() > 0.999
    assert filled.build("v1.0.2", [chunk_table(300, 301)], dimension=8, parent="v1.0.1") == 100


def test_a_child_can_be_dropped_and_its_parent_stays_whole(filled):
    before = content(filled, "v1.0.0")
    filled.build("v1.0.1", [chunk_table(200, 203)], dimension=8, parent="v1.0.0", removed_doc_ids=["doc-00000"])
    filled.drop("v1.0.1", protected={"v1.0.0"})
    assert content(filled, "v1.0.0") == before


def test_a_dropped_name_can_be_used_again_and_open_stores_see_the_new_content(backend, filled):
    reader = backend.open()
    assert reader.count("v1.0.0") == 100
    filled.drop("v1.0.0", protected=[])
    assert reader.versions() == []
    job = {"version": "v1.0.0", "batches": [[500, 530]], "dimension": 8}
    assert backend.run(do="build", **job) == 30
    assert content(reader, "v1.0.0") == rows_of(chunk_table(500, 530))
    assert reader.search("v1.0.0", vectors_in(chunk_table(500, 530)), 1).chunk_ids[0, 0] == "chunk-000500"


# -- bad input -----------------------------------------------------------------------------------------------------------


def spoilt(column=None, value=None, drop=None):
    table = chunk_table(50, 54)
    if drop:
        return table.drop_columns([drop])
    return table.set_column(table.column_names.index(column), column, value)


def bad_vectors(value):
    vectors = vectors_in(chunk_table(50, 54)).copy()
    vectors[2] = value
    return with_vectors(range(50, 54), vectors)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (spoilt(drop="n_tokens"), "has no column n_tokens"),
        (spoilt("position", pa.array(["a", "b", "c", "d"])), "column position is string, wanted int32"),
        (spoilt("text", pa.array(["a", None, "c", "d"])), "column text has 1 empty cells"),
        (chunk_table(50, 54, dimension=9), "vectors have 9 dimensions, wanted 8"),
        (bad_vectors(np.nan), "vector of chunk chunk-000052 is not finite"),
        (bad_vectors([np.inf] + [0] * 7), "vector of chunk chunk-000052 is not finite"),
        (bad_vectors(0), "vector of chunk chunk-000052 is all zeros"),
        (chunk_table(3, 4), "Was a changed document added without removing its old chunks"),
    ],
)
def test_a_bad_batch_is_refused_and_nothing_is_visible(filled, batch, message):
    with pytest.raises(UsageError, match=message):
        filled.build("v1.0.1", [chunk_table(100, 104), batch], dimension=8, parent="v1.0.0")
    assert filled.versions() == ["v1.0.0"]
    assert filled.count("v1.0.0") == 100
    assert filled.build("v1.0.1", [chunk_table(100, 104)], dimension=8, parent="v1.0.0") == 104


def test_an_error_of_the_batches_passes_through_and_nothing_is_visible(filled):
    def batches():
        yield chunk_table(100, 104)
        raise OSError("the artifact folder is gone")

    with pytest.raises(OSError, match="the artifact folder is gone"):
        filled.build("v1.0.1", batches(), dimension=8, parent="v1.0.0")
    assert filled.versions() == ["v1.0.0"]
    filled.discard_unfinished()
    assert filled.discard_unfinished() == []


def test_batches_may_have_other_integer_and_string_types_and_more_columns(store):
    table = chunk_table(0, 4)
    wide = table.set_column(0, "chunk_id", table["chunk_id"].cast(pa.large_string())).append_column(
        "extra", pa.array([1, 2, 3, 4])
    )
    store.build("v1.0.0", [wide], dimension=8)
    assert content(store, "v1.0.0") == rows_of(table)


def test_a_misspelt_option_is_named(backend):
    with pytest.raises(SettingsError, match=r"store\.options\.index_min_row\b"):
        backend.open(index_min_row=3)


# -- several processes ---------------------------------------------------------------------------------------------------


def test_another_process_sees_what_was_built(backend, filled):
    assert backend.run(do="describe") == {"v1.0.0": 100}


@pytest.mark.parametrize("batches", [[None], [[1000, 61000], None]])
def test_a_killed_build_is_invisible_and_can_be_repeated(backend, store, batches):
    store.build("v1.0.0", [chunk_table(0, 20, dimension=2)], dimension=2)
    process = backend.start(
        do="build", version="v1.0.1", parent="v1.0.0", batches=[*batches, [61010, 61020]], dimension=2
    )
    assert process.stdout.readline() == "waiting\n"
    assert store.versions() == ["v1.0.0"]
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)

    assert store.versions() == ["v1.0.0"]
    assert backend.run(do="describe") == {"v1.0.0": 20}
    new = [chunk_table(20, 24, dimension=2)]
    assert store.build("v1.0.1", new, dimension=2, parent="v1.0.0", removed_doc_ids=["doc-00000"]) == 20
    store.build("v1.0.2", new, dimension=2, parent="v1.0.0", removed_doc_ids=["doc-00000"])
    assert content(store, "v1.0.1") == content(store, "v1.0.2")
    assert content(store, "v1.0.0") == rows_of(chunk_table(0, 20, dimension=2))


def test_what_a_killed_build_left_is_discarded(backend, filled, tmp_path):
    process = backend.start(do="build", version="v2.0.0", batches=[[0, 60000], None], dimension=2)
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    left = filled.discard_unfinished()
    assert left in ([], ["v2.0.0"])
    assert not [path for path in tmp_path.rglob("*") if "v2.0.0" in str(path.relative_to(tmp_path))]
    assert filled.discard_unfinished() == []
    assert filled.versions() == ["v1.0.0"]
    assert filled.count("v1.0.0") == 100


def test_two_processes_read_undisturbed_while_a_third_builds_and_drops(backend, filled, tmp_path):
    stop = tmp_path / "stop"
    readers = [backend.start(do="read", stop=str(stop), dimension=8) for _ in range(2)]
    for reader in readers:
        assert reader.stdout.readline() == "reading\n"
    parent = "v1.0.0"
    for number in range(1, 5):
        version = f"v1.0.{number}"
        batches = [[1000 * number, 1000 * number + 400], [1000 * number + 400, 1000 * number + 500]]
        job = {"version": version, "parent": parent, "batches": batches, "dimension": 8}
        if number == 1:
            assert backend.run(do="build", **job) == 600
        else:
            filled.build(version, [chunk_table(*bounds) for bounds in batches], dimension=8, parent=parent)
        if number >= 3:
            filled.drop(f"v1.0.{number - 2}", protected=["v1.0.0", parent, version])
        parent = version
    stop.touch()
    for reader in readers:
        output, _ = reader.communicate(timeout=300)
        assert reader.returncode == 0
        report = json.loads(output.splitlines()[-1])
        assert report["differences"] == []
        assert (report["expected"]["count"], report["expected"]["rows"]) == (100, 100)
        assert report["versions"] == {"v1.0.0": 100, "v1.0.3": 1600, "v1.0.4": 2100}
        assert report["rounds"] >= 2
