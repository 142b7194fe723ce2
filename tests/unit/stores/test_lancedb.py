import hashlib
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from chunk_tables import chunk_table, vectors_in, with_vectors
from kbgate.errors import ConflictError, InfrastructureError
from kbgate.stores.lancedb import LanceDbStore


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def data_files(folder: Path) -> set[int]:
    return {path.stat().st_ino for path in (folder / "data").iterdir()}


@pytest.fixture
def store(tmp_path):
    return LanceDbStore("helpdesk", {"uri": str(tmp_path), "index_min_rows": 500})


def test_a_child_shares_its_parents_files_and_leaves_them_untouched(store, tmp_path):
    store.build("v1.0.0", [chunk_table(0, 600)], dimension=8)
    parent, child = tmp_path / "helpdesk" / "v1.0.0.lance", tmp_path / "helpdesk" / "v1.0.1.lance"
    before = digests(parent)
    store.build("v1.0.1", [chunk_table(600, 700)], dimension=8, parent="v1.0.0", removed_doc_ids=["doc-00000"])
    assert data_files(parent) < data_files(child)
    assert digests(parent) == before


def test_many_small_additions_are_merged_without_touching_the_versions_before(store, tmp_path):
    store.build("v0", [chunk_table(0, 8)], dimension=8)
    for number in range(1, 36):
        parent = tmp_path / "helpdesk" / f"v{number - 1}.lance"
        before = digests(parent)
        store.build(f"v{number}", [chunk_table(8 * number, 8 * number + 8)], dimension=8, parent=f"v{number - 1}")
        assert digests(parent) == before
    assert len(data_files(tmp_path / "helpdesk" / "v35.lance")) < 33
    assert store.count("v35") == 36 * 8


def test_the_index_is_built_above_the_size_set_and_rebuilt_when_it_lags(store):
    store.build("v1", [chunk_table(0, 500)], dimension=8)
    assert store._finished("v1").list_indices() == []
    store.build("v2", [chunk_table(500, 600)], dimension=8, parent="v1")
    (index,) = store._finished("v2").list_indices()
    assert index.num_unindexed_rows == 0
    store.build("v3", [chunk_table(600, 610)], dimension=8, parent="v2")
    (index,) = store._finished("v3").list_indices()
    assert index.num_unindexed_rows == 10
    store.build("v4", [chunk_table(610, 700)], dimension=8, parent="v3")
    (index,) = store._finished("v4").list_indices()
    assert index.num_unindexed_rows == 0


def test_chunks_that_the_index_does_not_hold_yet_are_found(store):
    store.build("v1", [chunk_table(0, 600)], dimension=8)
    new = chunk_table(600, 610)
    store.build("v2", [new], dimension=8, parent="v1", removed_doc_ids=["doc-00001"])
    hits = store.search("v2", vectors_in(new), 1)
    assert hits.chunk_ids[:, 0].tolist() == new["chunk_id"].to_pylist()
    removed = store.search("v2", vectors_in(chunk_table(0, 600))[4:8], 1)
    assert not set(removed.chunk_ids[:, 0]) & {f"chunk-{number:06d}" for number in range(4, 8)}


def test_a_url_is_copied_file_by_file_where_no_links_exist(tmp_path):
    store = LanceDbStore("helpdesk", {"uri": f"file://{tmp_path}"})
    store.build("v1.0.0", [chunk_table(0, 20)], dimension=8)
    store.build("v1.0.1", [chunk_table(20, 30)], dimension=8, parent="v1.0.0", removed_doc_ids=["doc-00000"])
    parent, child = tmp_path / "helpdesk" / "v1.0.0.lance", tmp_path / "helpdesk" / "v1.0.1.lance"
    assert not data_files(parent) & data_files(child)
    store.drop("v1.0.0", protected=[])
    ids = pa.concat_tables(store.read("v1.0.1", ["chunk_id"]))["chunk_id"].to_pylist()
    assert sorted(ids) == [f"chunk-{number:06d}" for number in range(4, 30)]


def test_a_disk_without_hard_links_gets_copies(store, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError("Operation not permitted")

    store.build("v1.0.0", [chunk_table(0, 20)], dimension=8)
    monkeypatch.setattr(os, "link", refuse)
    assert store.build("v1.0.1", [chunk_table(20, 30)], dimension=8, parent="v1.0.0") == 30


def test_a_half_copied_or_half_deleted_table_is_invisible_and_discarded(store, tmp_path):
    store.build("v1.0.0", [chunk_table(0, 20)], dimension=8)
    (tmp_path / "helpdesk" / "v1.0.1.lance" / "data").mkdir(parents=True)
    assert store.versions() == ["v1.0.0"]
    assert store.discard_unfinished() == ["v1.0.1"]
    assert sorted(os.listdir(tmp_path / "helpdesk")) == [".lock", "v1.0.0.finished", "v1.0.0.lance"]


def test_small_batches_are_gathered_into_one_file(store, tmp_path):
    store.build("v1.0.0", [chunk_table(number, number + 1) for number in range(60)], dimension=8)
    assert len(data_files(tmp_path / "helpdesk" / "v1.0.0.lance")) == 1


def test_thousands_of_documents_are_removed_and_read(store):
    vectors = np.ones((24_000, 2), np.float32)
    store.build("v1.0.0", [with_vectors(range(24_000), vectors)], dimension=2)
    doc_ids = [f"doc-{number:05d}" for number in range(5_500)]
    assert sum(table.num_rows for table in store.read("v1.0.0", ["doc_id"], doc_ids)) == 22_000
    assert store.build("v1.0.1", [], dimension=2, parent="v1.0.0", removed_doc_ids=doc_ids) == 2_000


def test_two_builds_at_once_are_refused(store):
    def batches():
        with pytest.raises(ConflictError):
            store.build("v1.0.1", [], dimension=8)
        yield chunk_table(0, 3)

    assert store.build("v1.0.0", batches(), dimension=8) == 3


@pytest.mark.parametrize(
    ("files", "damage"),
    [
        ("data/*", Path.unlink),
        ("data/*", lambda file: file.write_bytes(b"garbage" * 100)),
        ("_versions/*", lambda file: file.write_bytes(b"")),
        ("_versions/*", Path.unlink),
    ],
    ids=["data gone", "data overwritten", "table empty", "table gone"],
)
def test_damaged_files_are_an_infrastructure_error_that_says_what_to_do(store, tmp_path, files, damage):
    store.build("v1.0.0", [chunk_table(0, 20)], dimension=8)
    for file in (tmp_path / "helpdesk" / "v1.0.0.lance").glob(files):
        damage(file)
    for use in (
        lambda: list(store.read("v1.0.0", ["text"])),
        lambda: store.search("v1.0.0", vectors_in(chunk_table(0, 1)), 1),
        lambda: store.sample("v1.0.0", 3, ["text"], seed=1),
        lambda: store.build("v1.0.1", [], dimension=8, parent="v1.0.0", removed_doc_ids=["doc-00001"]),
    ):
        with pytest.raises(InfrastructureError, match=r"store\.options\.uri: LanceDB cannot use .*kbgate rollback"):
            use()
