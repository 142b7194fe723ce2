"""`make up` and `make down`: Airflow's four processes on this machine, for trying things out; not for production.

The environment (AIRFLOW_HOME, ports, folders) comes from the Makefile. Each process is started and ended by its own id, because
`airflow standalone` leaves its children behind when it is ended.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

# Airflow's log servers listen on every address and cannot be told otherwise; the API server reads the logs from the disk.
PROCESSES = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
POOL_VARIABLE = "KBGATE_AIRFLOW_POOL"
PASSWORDS = "simple_auth_manager_passwords.json.generated"
START_SECONDS = 120
STOP_SECONDS = 30
CLOCK_SECONDS = 5
"""Start times are reckoned from the machine's clock, which may be set while Airflow runs."""


def up(home: Path, port: str) -> int:
    """Start what is not running, wait until the API answers, print address and login."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "run").mkdir(exist_ok=True)
    running = [name for name in PROCESSES if _process(home, name)]
    if len(running) == len(PROCESSES):
        print(f"Airflow is running already on http://127.0.0.1:{port}; `make down` ends it.")
        return 0
    # Ingests share a pool with one slot less than the executor has, so that a rollback always finds one.
    pool = os.environ.setdefault(POOL_VARIABLE, "kbgate")
    slots = max(1, int(os.environ.get("AIRFLOW__CORE__PARALLELISM", "32")) - 1)
    subprocess.run(["airflow", "db", "migrate"], check=True, stdout=subprocess.DEVNULL, stderr=_log(home, "migrate"))
    for name, options in PROCESSES.items():
        if name not in running:
            log = _log(home, name)
            started = psutil.Popen(
                ["airflow", name, *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
            _pid_file(home, name).write_text(f"{started.pid} {started.create_time()}")
    print("Starting Airflow …", flush=True)
    made = ["airflow", "pools", "set", pool, str(slots), "ingests and hotfixes of kbgate; see its setting airflow_pool"]
    no_pool = subprocess.run(made, check=False, stdout=subprocess.DEVNULL, stderr=_log(home, "pool")).returncode
    trouble = _wait_for_health(home, f"http://127.0.0.1:{port}/api/v2/monitor/health")
    if no_pool and not trouble:
        trouble = f"The pool {pool} could not be made, without which no ingest starts."
    if trouble:
        print(f"{trouble} Its logs: {home / 'run'}. `make down` ends what still runs.", file=sys.stderr)
        return 4
    logins = json.loads((home / PASSWORDS).read_text())
    print(f"Airflow runs on http://127.0.0.1:{port}")
    for user, password in logins.items():
        print(f"  login {user}, password {password} (kept in {home / PASSWORDS})")
    print("  Switch on kb_ingest__helpdesk and trigger it; `make down` ends Airflow.")
    return 0


def down(home: Path) -> int:
    """End each process and its children by their ids, and wait for them."""
    for name in reversed(PROCESSES):
        process = _process(home, name)
        if process is None:
            continue
        family = [process, *process.children(recursive=True)]
        os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(_runs, family)) and time.monotonic() < deadline:
            time.sleep(0.2)
        for left in filter(_runs, family):
            left.kill()
        _pid_file(home, name).unlink()
        print(f"{name} ended")
    return 0


def _wait_for_health(home: Path, url: str) -> str | None:
    """Return None once all is well, else what went wrong."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = [name for name in PROCESSES if _process(home, name) is None]
        if ended:
            return f"Airflow's {', '.join(ended)} ended at once."
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                parts = json.load(answer)
            if all(parts[name]["status"] == "healthy" for name in ("scheduler", "dag_processor", "triggerer")):
                return None
        except (urllib.error.URLError, OSError, ValueError, KeyError):
            pass
        time.sleep(1)
    return f"Airflow did not become healthy in {START_SECONDS} s."


def _pid_file(home: Path, name: str) -> Path:
    return home / "run" / f"{name}.pid"


def _log(home: Path, name: str) -> int:
    return os.open(home / "run" / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _process(home: Path, name: str) -> psutil.Process | None:
    """Return a process that we started and that still runs; its start time tells it from a later one of the same id."""
    try:
        pid, started = _pid_file(home, name).read_text().split()
        process = psutil.Process(int(pid))
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None
    same = abs(process.create_time() - float(started)) < CLOCK_SECONDS
    return process if same and _runs(process) else None


def _runs(process: psutil.Process) -> bool:
    """Tell whether it runs; one that has ended and was not yet collected by its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def main(arguments: list[str]) -> int:
    """Run `up` or `down`."""
    # Airflow would let everybody on this machine read its passwords and its database.
    os.umask(0o077)
    home = Path(os.environ["AIRFLOW_HOME"])
    if arguments == ["up"]:
        return up(home, os.environ["AIRFLOW__API__PORT"])
    if arguments == ["down"]:
        return down(home)
    print("usage: python -m kbgate.local_airflow up|down", file=sys.stderr)
    return 3


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
