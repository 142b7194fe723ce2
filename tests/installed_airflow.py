"""What the installed Airflow knows, asked in a process of its own so that this one never imports Airflow."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_QUESTIONS = """
import contextlib, io, json, sys
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager, SimpleAuthManagerRole
from airflow.cli.cli_parser import get_parser
from airflow.configuration import conf
from kbgate.airflow_adapter import with_connections
from kbgate.settings import load_settings

def rejects(arguments):
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            get_parser().parse_args(arguments)
        except SystemExit as stop:
            return stop.code != 0
    return False

manager = SimpleAuthManager()
logins = sorted(manager.get_passwords())
# Opens the file as the server does, and would write a password of its own for a user who has none.
manager.init()
registry = with_connections(load_settings(), "helpdesk").registry
answers = {
    "options": [f"{section}.{option}" for section, found in conf.configuration_description.items() for option in found["options"]],
    "rejected": [arguments for arguments in json.loads(sys.argv[1]) if rejects(arguments)],
    "users": {user.username: user.role for user in manager.get_users()},
    "roles": [role.value.name.lower() for role in SimpleAuthManagerRole],
    "logins": logins,
    "registry_dsn": registry.dsn.get_secret_value(),
}
print("ANSWERS", json.dumps(answers))
"""


@dataclass(frozen=True)
class AirflowAnswers:
    """`options` as section.option, `rejected` command lines, the simple login's users and who of them has a password."""

    options: frozenset[str]
    rejected: tuple[tuple[str, ...], ...]
    users: dict[str, str]
    roles: tuple[str, ...]
    logins: tuple[str, ...]
    registry_dsn: str


def ask_airflow(commands: Sequence[Sequence[str]], environment: Mapping[str, str], home: Path) -> AirflowAnswers:
    """Start Airflow's code with `environment` and with its home and files in `home`, and ask it everything at once."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "KBGATE"))}
    answer = subprocess.run(
        [sys.executable, "-c", _QUESTIONS, json.dumps([list(command) for command in commands])],
        env={**clean, **environment, "AIRFLOW_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    line = next(line for line in answer.stdout.splitlines() if line.startswith("ANSWERS "))
    found: dict[str, Any] = json.loads(line.removeprefix("ANSWERS "))
    return AirflowAnswers(
        options=frozenset(found["options"]),
        rejected=tuple(tuple(command) for command in found["rejected"]),
        users=found["users"],
        roles=tuple(found["roles"]),
        logins=tuple(found["logins"]),
        registry_dsn=found["registry_dsn"],
    )
