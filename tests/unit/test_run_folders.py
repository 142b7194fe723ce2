import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest

from kbgate.artifacts import RunFolder
from kbgate.errors import InfrastructureError
from kbgate.run_folders import RunFolders


@pytest.fixture(params=["local", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path) if request.param == "local" else f"memory://{tmp_path}"


def write(root: str, run_key: str, name: str, content: bytes = b"{}", hours: int = 0) -> None:
    """Write a file of a run whose time of change is `hours` after the first of January."""
    folder = RunFolder(root, "kb", run_key)
    folder.write_bytes(name, content)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    if "://" in root:
        fs, path = fsspec.core.url_to_fs(root)
        fs.store[f"{path}/kb/runs/{run_key}/{name}"].created = moment
    else:
        os.utime(f"{folder.uri}/{name}", (moment.timestamp(), moment.timestamp()))


def test_the_newest_runs_come_first_whatever_they_are_called(root: str) -> None:
    for run_key, hours in (("b", 1), ("c", 3), ("a", 2)):
        write(root, run_key, "report.json", hours=hours)
    found = RunFolders(root, "kb").newest("report.json", 2)
    assert [run_key for run_key, _ in found] == ["c", "a"]
    assert found[0][1] == datetime(2026, 1, 1, 3, tzinfo=UTC)


def test_only_runs_that_have_the_file_are_listed(root: str) -> None:
    write(root, "ended", "report.json")
    write(root, "running", "request.json")
    write(root, "nested", "gates/report.json")
    assert [run_key for run_key, _ in RunFolders(root, "kb").newest("report.json", 9)] == ["ended"]


def test_a_knowledge_base_without_runs_has_none(root: str) -> None:
    assert RunFolders(root, "kb").newest("report.json", 9) == []
    assert RunFolders(root, "kb").read([], "report.json") == {}


def test_one_file_of_many_runs_is_read_at_once_and_missing_ones_are_left_out(root: str) -> None:
    write(root, "a", "report.json", b"first")
    write(root, "b", "report.json", b"second")
    write(root, "c", "other.json")
    assert RunFolders(root, "kb").read(["a", "c", "b", "no-such"], "report.json") == {"a": b"first", "b": b"second"}


def test_a_run_that_ended_after_the_first_look_is_seen_by_the_second(root: str) -> None:
    folders = RunFolders(root, "kb")
    write(root, "a", "report.json", hours=1)
    assert len(folders.newest("report.json", 9)) == 1
    write(root, "b", "report.json", hours=2)
    assert len(folders.newest("report.json", 9)) == 2


def test_what_the_disk_does_not_give_is_an_error_that_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "kb" / "runs" / "a" / "report.json").mkdir(parents=True)
    with pytest.raises(InfrastructureError, match="kb/runs could not be read"):
        RunFolders(str(tmp_path), "kb").read(["a"], "report.json")
