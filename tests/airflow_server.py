"""A real Airflow on this machine, started as `make up` does, and its REST interface, for tests."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest

from kbgate.local_airflow import PASSWORDS, PROCESSES
from small_kb import SmallKb

PROJECT = Path(__file__).parents[1]
WAIT_SECONDS = 150
Found = TypeVar("Found")


def wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    """Look again and again until there is something."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    return pytest.fail(f"{what}: waited {WAIT_SECONDS} s in vain")


@dataclass(frozen=True)
class LocalAirflow:
    """Airflow in a home of its own; `environment` is what the Makefile exports."""

    environment: Mapping[str, str]

    @property
    def home(self) -> Path:
        return Path(self.environment["AIRFLOW_HOME"])

    @property
    def url(self) -> str:
        return self.environment["AIRFLOW__API__BASE_URL"]

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "kbgate.local_airflow", *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def token(self, user: str) -> str:
        """A login of a user whose password Airflow made up."""
        password = json.loads((self.home / PASSWORDS).read_text())[user]
        login = httpx.post(f"{self.url}/auth/token", json={"username": user, "password": password}, timeout=60)
        assert login.status_code == 201, login.text
        return str(login.json()["access_token"])

    def logs(self) -> str:
        return "\n".join(f"{file.name}: {file.read_text()[-1500:]}" for file in sorted(self.home.glob("run/*.log")))

    def leaders(self) -> dict[str, psutil.Process]:
        """The four processes as the files in `run/` name them."""
        files = {name: self.home / "run" / f"{name}.pid" for name in PROCESSES}
        return {name: psutil.Process(int(file.read_text().split()[0])) for name, file in files.items()}

    def family(self) -> list[psutil.Process]:
        """The four processes and everything that they started."""
        return [member for leader in self.leaders().values() for member in (leader, *leader.children(recursive=True))]


@dataclass(frozen=True)
class Api:
    """Airflow's REST interface, logged in."""

    client: httpx.Client

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        answer = self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def trigger(self, dag_id: str, **conf: Any) -> str:
        answer = self.client.post(f"dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["dag_run_id"])

    def switch_on(self, dag_id: str) -> None:
        answer = self.client.patch(f"dags/{dag_id}", json={"is_paused": False})
        assert answer.status_code == 200, answer.text

    def ended(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Wait for the end of a run; `tasks` holds its task instances by name."""

        def look() -> dict[str, Any] | None:
            run = self.get(f"dags/{dag_id}/dagRuns/{run_id}")
            return run if run["state"] in ("success", "failed") else None

        run = wait_for(f"end of {dag_id} {run_id}", look)
        return {**run, "tasks": self.tasks(dag_id, run_id)}

    def run(self, dag_id: str, **conf: Any) -> dict[str, Any]:
        return self.ended(dag_id, self.trigger(dag_id, **conf))

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        found = self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def log(self, run: Mapping[str, Any], task: str, attempt: int) -> str:
        """What one try of a task wrote, as the web page shows it."""
        path = f"dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances/{task}/logs/{attempt}"
        return json.dumps(self.get(path), ensure_ascii=False)

    def events(self, run: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The asset events of a run."""
        found = self.get("assets/events", source_dag_id=run["dag_id"], source_run_id=run["dag_run_id"])
        return list(found["asset_events"])


@contextmanager
def api_server(environment: Mapping[str, str]) -> Iterator[LocalAirflow]:
    """Airflow's web server alone, over a database that is there already; nothing is scheduled."""
    airflow = LocalAirflow(environment)
    file = airflow.home / "run" / "api-server.log"
    file.parent.mkdir(exist_ok=True)
    with file.open("wb") as log:
        server = psutil.Popen(
            ["airflow", "api-server"],
            env=dict(environment),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            umask=0o077,
        )

    def answers() -> bool:
        assert server.poll() is None, airflow.logs()
        try:
            return httpx.get(f"{airflow.url}/api/v2/monitor/health").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_for("start of the API server", answers)
        yield airflow
    finally:
        family = [server, *server.children(recursive=True)]
        server.terminate()
        _, left = psutil.wait_procs(family, timeout=30)
        for process in left:
            process.kill()


def makefile_environment(kb: SmallKb, home: Path) -> dict[str, str]:
    """What `make up` would export, with home, port and knowledge base of this test."""
    if shutil.which("make") is None:
        message = "make is not installed; apt-get install make"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "_AIRFLOW", "KBGATE", "MAKE", "MFLAGS"))
    }
    asked = subprocess.run(
        ["make", "--silent", f"PORT={_free_port()}", "--eval=exported: ; @env -0", "exported"],
        cwd=PROJECT,
        env={**clean, "AIRFLOW_HOME": str(home), "KBGATE_ARTIFACT_ROOT": str(kb.folder / "artifacts")},
        capture_output=True,
        text=True,
        check=True,
    )
    exported = dict(line.split("=", 1) for line in asked.stdout.split("\0") if line)
    path = os.pathsep.join([str(Path(sys.executable).parent), exported["PATH"]])
    return {**exported, **kb.environment, "PATH": path, "PYTHONPATH": str(PROJECT / "include")}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
