import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.artifacts import RunFolder, run_key_of
from kbgate.errors import ArtifactError, InfrastructureError, SourceError, UsageError
from kbgate.results import GateResult, Verdict

TABLE = pa.table({"n": [1, 2, 3], "text": ["a", "b", "c"]})
GATE = GateResult(name="documents", verdict=Verdict.FAILED, message="空白欄位過多")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(str(tmp_path), "kb", "run-1")


@pytest.fixture(params=["local", "memory"])
def any_folder(request: pytest.FixtureRequest, tmp_path: Path) -> RunFolder:
    root = str(tmp_path) if request.param == "local" else f"memory://{tmp_path.name}"
    return RunFolder(root, "kb", "run-1")


def test_what_was_written_is_read_back(any_folder: RunFolder) -> None:
    any_folder.write_bytes("a.bin", b"\0\1")
    any_folder.write_json("stages/x.json", {"text": "中文", "n": 1})
    any_folder.write_table("t.parquet", TABLE)
    assert any_folder.read_bytes("a.bin") == b"\0\1"
    assert any_folder.read_json("stages/x.json") == {"text": "中文", "n": 1}
    assert any_folder.read_table("t.parquet") == TABLE
    assert any_folder.read_table("t.parquet", ["n"]).column_names == ["n"]


def test_gates_are_read_back_by_name(any_folder: RunFolder) -> None:
    assert any_folder.read_gates() == {}
    any_folder.write_gate(GATE)
    assert any_folder.read_gates() == {"documents": GATE}
    assert any_folder.gate_files() == {"documents": GATE.model_dump_json(indent=2).encode()}


def test_clear_deletes_files_and_does_not_mind_missing_ones(any_folder: RunFolder) -> None:
    any_folder.write_gate(GATE)
    any_folder.write_bytes("kept", b"")
    any_folder.clear("gates/documents.json", "never-written.json")
    assert not any_folder.exists("gates/documents.json")
    assert any_folder.exists("kept")


def test_two_runs_have_two_folders(tmp_path: Path) -> None:
    one, two = RunFolder(str(tmp_path), "kb", "one"), RunFolder(str(tmp_path), "kb", "two")
    one.write_bytes("a", b"1")
    assert not two.exists("a")
    assert one.uri == str(tmp_path / "kb" / "runs" / "one")


def test_a_url_is_kept_in_the_folders_address() -> None:
    assert RunFolder("memory://bucket", "kb", "one").uri.startswith("memory://")


def test_batches_of_rows_come_back_in_order(folder: RunFolder) -> None:
    assert folder.write_batches("t.parquet", [TABLE, TABLE], TABLE.schema) == 6
    batches = list(folder.iter_table("t.parquet", ["n"], batch_rows=4))
    assert [value for batch in batches for value in batch.column("n").to_pylist()] == [1, 2, 3, 1, 2, 3]
    assert max(batch.num_rows for batch in batches) <= 4


def test_no_rows_still_make_a_table(folder: RunFolder) -> None:
    assert folder.write_batches("t.parquet", [], TABLE.schema) == 0
    assert folder.read_table("t.parquet").schema == TABLE.schema


def test_a_missing_file_is_named_with_what_to_do(folder: RunFolder) -> None:
    for read in (folder.read_bytes, folder.read_json, folder.read_table):
        with pytest.raises(ArtifactError, match=r"run-1 has no plan\.json .*Run it again"):
            read("plan.json")


def test_a_spoilt_file_is_named(folder: RunFolder) -> None:
    folder.write_bytes("x.json", b"{")
    folder.write_bytes("x.parquet", b"PAR1 no")
    folder.write_bytes("gates/x.json", b'{"name": "x"}')
    with pytest.raises(ArtifactError, match=r"x\.json is not JSON"):
        folder.read_json("x.json")
    with pytest.raises(ArtifactError, match=r"x\.parquet is not a whole Parquet file"):
        folder.read_table("x.parquet")
    with pytest.raises(ArtifactError, match=r"gates/x\.json is not a gate result"):
        folder.read_gates()


def test_a_writer_that_fails_leaves_the_old_file_whole(folder: RunFolder) -> None:
    folder.write_table("t.parquet", TABLE)

    def batches() -> Iterator[pa.Table]:
        yield TABLE.slice(0, 1)
        raise SourceError("the source broke off")

    with pytest.raises(SourceError):
        folder.write_batches("t.parquet", batches(), TABLE.schema)
    assert folder.read_table("t.parquet") == TABLE


def test_a_killed_writer_leaves_no_gate_file(tmp_path: Path, folder: RunFolder) -> None:
    """A whole process dies between writing and renaming."""
    code = (
        "import os, sys\n"
        "from kbgate.artifacts import RunFolder\n"
        "folder = RunFolder(sys.argv[1], 'kb', 'run-1')\n"
        "folder._fs.mv = lambda *paths: os._exit(9)\n"
        "folder.write_bytes('gates/documents.json', b'half')\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == 9
    assert list((tmp_path / "kb" / "runs" / "run-1" / "gates").iterdir()), "it had begun to write"
    assert folder.gate_files() == {}
    folder.write_gate(GATE)
    assert folder.read_gates() == {"documents": GATE}


@pytest.mark.parametrize("name", ["../other/decision.json", "gates/../../x", "/etc/passwd"])
def test_a_name_that_leaves_the_folder_is_refused(folder: RunFolder, name: str) -> None:
    with pytest.raises(UsageError, match="is not the name of a file inside a run folder"):
        folder.write_bytes(name, b"")


def test_a_place_that_cannot_be_written_is_infrastructure(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file where a folder should be")
    with pytest.raises(InfrastructureError, match=r"could not be written: .*Check artifact_root"):
        RunFolder(str(tmp_path / "root"), "kb", "run-1").write_json("x.json", {})


def test_a_file_that_cannot_be_read_is_infrastructure(folder: RunFolder) -> None:
    folder.write_bytes("x.json/inside", b"")
    for read in (folder.read_json, folder.read_table):
        with pytest.raises(InfrastructureError, match=r"x\.json could not be read: "):
            read("x.json")


@given(st.text(), st.text())
def test_run_keys_are_safe_short_and_repeatable(dag_id: str, run_id: str) -> None:
    key = run_key_of(dag_id, run_id)
    assert key == run_key_of(dag_id, run_id)
    assert len(key) <= 105
    assert "/" not in key
    assert "." not in key
    assert RunFolder("memory://x", "kb", key).uri.endswith(key)


def test_different_runs_have_different_keys_even_where_they_read_alike() -> None:
    runs = [("a", "b:c"), ("a", "b/c"), ("a__b", "c"), ("a", "b__c"), ("a", "x" * 300), ("a", "x" * 301)]
    assert len({run_key_of(*run) for run in runs}) == len(runs)
