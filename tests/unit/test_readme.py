"""The README's map is the tree, and what it shows can be typed."""

import re
import subprocess
from pathlib import Path

import typer.main

from kbgate.cli import app

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
PACKAGE = PROJECT / "include" / "kbgate"
NAME = re.compile(r"[\w.-]+(?:\.py|\.toml)\b")


def map_lines() -> list[str]:
    block = README.split("## The map", 1)[1].split("```", 2)[1]
    return [line for line in block.splitlines() if line.strip()]


def mapped(depth: int) -> set[str]:
    """Names at the start of the map's lines: folders of the project (0) or of the package (1)."""
    lines = [line for line in map_lines() if len(line) - len(line.lstrip()) == 2 * depth]
    return {line.split()[0].rstrip("/") for line in lines if line.split()[0].endswith("/")}


def tracked() -> list[str]:
    answer = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=PROJECT, capture_output=True, text=True
    )
    return answer.stdout.splitlines()


def test_the_map_shows_every_top_level_folder_and_no_other() -> None:
    folders = {name.split("/")[0] for name in tracked() if "/" in name and not name.startswith(".")}
    assert {name.split("/")[0] for name in mapped(0)} == folders


def test_the_map_shows_every_folder_of_the_package_and_no_other() -> None:
    inside = [name.removeprefix("include/kbgate/") for name in tracked() if name.startswith("include/kbgate/")]
    assert mapped(1) == {name.split("/")[0] for name in inside if "/" in name}


def test_the_map_shows_every_module_of_the_package_and_no_other() -> None:
    inside = [line for line in map_lines() if line.startswith("  ")]
    shown = {name for line in inside for name in NAME.findall(line)}
    there = {path.name for path in PACKAGE.iterdir() if path.suffix in (".py", ".toml")} - {"__init__.py"}
    assert shown == there


def test_every_kbgate_command_that_is_shown_exists_with_its_options() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    shown = re.findall(r"^(?:\.venv/bin/)?kbgate ([a-z]\S*)(.*)$", README, re.MULTILINE)
    assert shown
    for name, rest in shown:
        command = commands[name]
        if hasattr(command, "commands"):
            command = command.commands[rest.split()[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"(--[a-z-]+)", rest.split("#")[0])) <= options, name


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    shown = set(re.findall(r"^make (\w+)|`make (\w+)`", README, re.MULTILINE))
    assert {first or second for first, second in shown} <= targets


def test_every_file_that_is_named_exists() -> None:
    for path in re.findall(r"`((?:include|tests|benchmarks|dags|plugins|expectations)/[\w./-]*)`", README):
        assert (PROJECT / path).exists(), path


def test_the_readme_stays_below_200_lines() -> None:
    assert len(README.splitlines()) < 200
