"""`python -m kbgate` is the command line."""

import os
import subprocess
import sys

from kbgate.commands import COMMANDS


def test_the_module_runs_as_a_process_and_lists_every_command() -> None:
    command = [sys.executable, "-m", "kbgate", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.strip()}
    assert {name.split()[0] for name in COMMANDS} <= listed
