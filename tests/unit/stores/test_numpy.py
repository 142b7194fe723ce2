import pytest

from chunk_tables import chunk_table, vectors_in
from kbgate.errors import ConflictError, InfrastructureError, SettingsError
from kbgate.stores.numpy import NumpyStore


def test_an_object_store_url_is_refused():
    with pytest.raises(SettingsError, match=r"store\.options\.uri: .*needs a local folder"):
        NumpyStore("helpdesk", {"uri": "s3://bucket/store"})


def test_a_folder_of_another_kind_is_not_a_version(tmp_path):
    (tmp_path / "helpdesk" / "v1.0.0.lance").mkdir(parents=True)
    (tmp_path / "helpdesk" / ".building-v1.0.1").mkdir()
    assert NumpyStore("helpdesk", {"uri": str(tmp_path)}).versions() == []


def test_leftovers_of_killed_builds_and_drops_are_discarded(tmp_path):
    store = NumpyStore("helpdesk", {"uri": str(tmp_path)})
    store.build("v1.0.0", [chunk_table(0, 3)], dimension=8)
    for name in (".building-v1.0.1", ".dropped-v0.9.0"):
        (tmp_path / "helpdesk" / name).mkdir()
    assert store.discard_unfinished() == ["v1.0.1"]
    assert sorted(path.name for path in (tmp_path / "helpdesk").iterdir()) == [".lock", "v1.0.0"]


def test_two_builds_at_once_are_refused(tmp_path):
    store = NumpyStore("helpdesk", {"uri": str(tmp_path)})

    def batches():
        with pytest.raises(ConflictError):
            store.build("v1.0.1", [], dimension=8)
        with pytest.raises(ConflictError):
            store.discard_unfinished()
        yield chunk_table(0, 3)

    assert store.build("v1.0.0", batches(), dimension=8) == 3


def test_a_folder_that_cannot_be_used_names_the_setting(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InfrastructureError, match=r"store\.options\.uri"):
        NumpyStore("helpdesk", {"uri": str(tmp_path / "file")}).build("v1.0.0", [], dimension=8)


@pytest.mark.parametrize("file", ["chunks.parquet", "vectors.npy"])
@pytest.mark.parametrize("content", [b"", b"garbage" * 100])
def test_a_damaged_version_is_an_infrastructure_error_that_says_what_to_do(tmp_path, file, content):
    store = NumpyStore("helpdesk", {"uri": str(tmp_path)})
    store.build("v1.0.0", [chunk_table(0, 20)], dimension=8)
    (tmp_path / "helpdesk" / "v1.0.0" / file).write_bytes(content)
    uses = [
        lambda: list(store.read("v1.0.0", ["text"])),
        lambda: store.search("v1.0.0", vectors_in(chunk_table(0, 1)), 1),
        lambda: store.sample("v1.0.0", 3, ["text"], seed=1),
        lambda: store.build("v1.0.1", [], dimension=8, parent="v1.0.0"),
    ]
    for use in uses if file == "chunks.parquet" else [*uses, lambda: store.count("v1.0.0")]:
        with pytest.raises(
            InfrastructureError, match=r"store\.options\.uri: the folder .* cannot be used: .*kbgate rollback"
        ):
            use()
