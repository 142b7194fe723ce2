"""What `make` exports to the processes that it starts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def exported(**variables: str) -> dict[str, str]:
    if shutil.which("make") is None:
        message = "make is not installed; apt-get install make"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KBGATE_", "MAKE", "MFLAGS"))}
    command = ["make", "--silent", "--eval=exported: ; @env -0", "exported"]
    asked = subprocess.run(command, cwd=PROJECT, env={**clean, **variables}, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in asked.stdout.split("\0") if line)


def test_the_shipped_settings_keep_their_artifacts_beside_the_makefile() -> None:
    assert exported()["KBGATE_ARTIFACT_ROOT"] == str(PROJECT / "var" / "artifacts")


def test_a_settings_file_of_ones_own_says_itself_where_its_artifacts_go() -> None:
    assert "KBGATE_ARTIFACT_ROOT" not in exported(KBGATE_CONFIG="/some/kb.toml")
    both = exported(KBGATE_CONFIG="/some/kb.toml", KBGATE_ARTIFACT_ROOT="/data")
    assert both["KBGATE_ARTIFACT_ROOT"] == "/data"
