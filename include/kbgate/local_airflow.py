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

PROCESSES = ("api-server", "scheduler", "dag-processor", "triggerer")
PASSWORDS = "simple_auth_manager_passwords.json.generated"
START_SECONDS = 120
STOP_SECONDS = 30


def up(home: Path, port: str) -> int:
    """Start what is not running, wait until the API answers, print address and login."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "run").mkdir(exist_ok=True)
    running = [name for name in PROCESSES if _pid(home, name)]
    if len(running) == len(PROCESSES):
        print(f"Airflow is running already on http://127.0.0.1:{port}; `make down` ends it.")
        return 0
    subprocess.run(["airflow", "db", "migrate"], check=True, stdout=subprocess.DEVNULL, stderr=_log(home, "migrate"))
    for name in PROCESSES:
        if name not in running:
            log = _log(home, name)
            process = subprocess.Popen(
                ["airflow", name], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
            _pid_file(home, name).write_text(str(process.pid))
    print("Starting Airflow …", flush=True)
    if not _wait_for_health(home, f"http://127.0.0.1:{port}/api/v2/monitor/health"):
        print(f"Airflow did not become healthy in {START_SECONDS} s. Its logs: {home / 'run'}", file=sys.stderr)
        return 4
    logins = json.loads((home / PASSWORDS).read_text())
    print(f"Airflow runs on http://127.0.0.1:{port}")
    for user, password in logins.items():
        print(f"  login {user}, password {password} (kept in {home / PASSWORDS})")
    print("  Switch on kb_ingest__helpdesk and trigger it; `make down` ends Airflow.")
    return 0


def down(home: Path) -> int:
    """End each process by its id and wait for it."""
    for name in reversed(PROCESSES):
        pid = _pid(home, name)
        if pid is None:
            continue
        os.killpg(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while _pid(home, name) and time.monotonic() < deadline:
            time.sleep(0.2)
        if _pid(home, name):
            os.killpg(pid, signal.SIGKILL)
        _pid_file(home, name).unlink(missing_ok=True)
        print(f"{name} ended")
    return 0


def _wait_for_health(home: Path, url: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not all(_pid(home, name) for name in PROCESSES):
            return False
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                parts = json.load(answer)
            if all(parts[name]["status"] == "healthy" for name in ("scheduler", "dag_processor", "triggerer")):
                return True
        except (urllib.error.URLError, OSError, ValueError, KeyError):
            pass
        time.sleep(1)
    return False


def _pid_file(home: Path, name: str) -> Path:
    return home / "run" / f"{name}.pid"


def _log(home: Path, name: str) -> int:
    return os.open(home / "run" / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _pid(home: Path, name: str) -> int | None:
    """Return the id of a process that we started and that still runs."""
    try:
        pid = int(_pid_file(home, name).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return pid if "airflow" in command else None


def main(arguments: list[str]) -> int:
    """Run `up` or `down`."""
    home = Path(os.environ["AIRFLOW_HOME"])
    if arguments == ["up"]:
        return up(home, os.environ["AIRFLOW__API__PORT"])
    if arguments == ["down"]:
        return down(home)
    print("usage: python -m kbgate.local_airflow up|down", file=sys.stderr)
    return 3


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
