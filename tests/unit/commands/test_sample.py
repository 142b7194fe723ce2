"""A spoilt batch is written where it is asked for, and the same seed writes the same one."""

import json
from pathlib import Path

import pytest

from kbgate.cli import main
from kbgate.sample.faults import FAULTS

FAULT = "empty_title"


def written(folder: Path, *arguments: str) -> dict[str, bytes]:
    """Files of a batch written to this folder."""
    assert main(["sample", "--fault", FAULT, "--into", str(folder), *arguments]) == 0
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_seed_alone_decides_what_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = written(tmp_path / "a")
    assert first
    assert str(tmp_path / "a") in capsys.readouterr().out
    assert written(tmp_path / "b", "--seed", "7") == first
    assert written(tmp_path / "c", "--seed", "8") != first


def test_every_fault_is_listed_with_what_it_is_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["sample", "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {name: fault.description for name, fault in FAULTS.items()}
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_fault_is_answered_with_the_known_ones_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", "--fault", "no-such-fault", "--into", str(tmp_path / "bad")]) == 3
    message = capsys.readouterr().err
    assert all(name in message for name in FAULTS)
    assert not (tmp_path / "bad").exists()
