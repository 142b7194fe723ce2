"""Airflow's processes on this machine: private files, no second start, and an end of only what was started here.

No Airflow is started: the processes are short shell programs, and `airflow` is one of them where the name is called.
"""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kbgate import local_airflow
from kbgate.local_airflow import PROCESSES, down, up


class Home:
    """An Airflow home, and processes that end with the test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started: list[psutil.Popen] = []
        (path / "run").mkdir(parents=True)

    def start(self, program: str = "sleep 60") -> psutil.Popen:
        """Start a shell program in a session of its own, as Airflow's processes are."""
        process = psutil.Popen(["sh", "-c", program], stdout=subprocess.PIPE, start_new_session=True)
        self.started.append(process)
        return process

    def pid_file(self, name: str) -> Path:
        return self.path / "run" / f"{name}.pid"

    def record(self, name: str, process: psutil.Process, later: float = 0) -> None:
        """Say that the process is Airflow's; `later` seconds make it one that began at another time."""
        self.pid_file(name).write_text(f"{process.pid} {process.create_time() + later}")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "airflow")
    yield home
    for process in home.started:
        for left in [*children(process), process]:
            with suppress(psutil.NoSuchProcess):
                left.kill()
        process.wait(timeout=10)
        process.stdout.close()


def children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_all_four_running_are_not_started_again(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A start would fail: there is no `airflow` to be found.
    monkeypatch.setenv("PATH", str(home.path))
    program = psutil.Process()
    for name in PROCESSES:
        home.record(name, program)
    before = {name: home.pid_file(name).read_text() for name in PROCESSES}
    assert up(home.path, "8099") == 0
    assert "running already on http://127.0.0.1:8099" in capsys.readouterr().out
    assert {name: home.pid_file(name).read_text() for name in PROCESSES} == before

    home.pid_file("triggerer").unlink()
    with pytest.raises(FileNotFoundError, match="airflow"):
        up(home.path, "8099")


def test_down_ends_a_process_and_its_children(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    process = home.start("sleep 60 & echo started; wait")
    assert process.stdout.readline() == b"started\n"
    (child,) = children(process)
    home.record("scheduler", process)
    assert down(home.path) == 0
    assert capsys.readouterr().out == "scheduler ended\n"
    assert not runs(process)
    assert not child.is_running() or not runs(child)
    assert not home.pid_file("scheduler").exists()


def test_down_kills_what_does_not_listen(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_airflow, "STOP_SECONDS", 0.3)
    process = home.start("trap '' TERM; echo started; while true; do sleep 1; done")
    assert process.stdout.readline() == b"started\n"
    home.record("scheduler", process)
    assert down(home.path) == 0
    assert process.wait(timeout=10) == -9


def test_down_spares_a_later_process_of_the_same_id(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    other, not_recorded = home.start(), home.start()
    home.record("api-server", other, later=-60)
    assert down(home.path) == 0
    assert capsys.readouterr().out == ""
    assert runs(other)
    assert runs(not_recorded)


@pytest.mark.parametrize("content", ["", "12", "not a number", "1 2 3", f"{2**22 + 1} 0.0"])
def test_a_pid_file_that_tells_nothing_ends_nothing(
    home: Home, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home.pid_file("triggerer").write_text(content)
    assert down(home.path) == 0
    assert capsys.readouterr().out == ""


def call(home: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Call the module as `make` does: a process of its own, whose file mode mask is not this one's."""
    environment = {**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__API__PORT": "1"}
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    command = [sys.executable, "-m", "kbgate.local_airflow", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, umask=0o022, check=False)


def test_a_start_that_fails_names_the_logs_and_leaves_only_private_files(tmp_path: Path) -> None:
    programs, home = tmp_path / "programs", tmp_path / "airflow"
    programs.mkdir()
    airflow = programs / "airflow"
    airflow.write_text('#!/bin/sh\necho "called: $*" >&2\n[ "$1" = db ]\n')
    airflow.chmod(0o700)
    done = call(home, "up", path=programs)
    assert done.returncode == 4, done.stderr
    assert "ended at once" in done.stderr
    assert str(home / "run") in done.stderr
    # A slot less than the executor has, which is 32 if nothing says otherwise.
    assert "called: pools set kbgate 31 ingests" in (home / "run" / "pool.log").read_text()
    assert "--skip-serve-logs" in (home / "run" / "scheduler.log").read_text()
    files = sorted(file.name for file in (home / "run").iterdir())
    assert files == sorted(
        [*(f"{name}.{end}" for name in PROCESSES for end in ("log", "pid")), "migrate.log", "pool.log"]
    )
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (home / "run").iterdir()}
    assert modes == {0o600}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (home, home / "run")} == {0o700}


@pytest.mark.parametrize("arguments", [(), ("restart",), ("up", "down")])
def test_anything_but_up_or_down_is_3_and_does_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = call(tmp_path / "airflow", *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert "up|down" in done.stderr
    assert not (tmp_path / "airflow").exists()
