"""Every benchmark runs in its small form and prints what it measured; how fast it was is nobody's business here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
# The model itself is loaded by other tests; here it would only take time.
ARGUMENTS = {"delta_against_rebuild": ("--embedder", "hashing")}
SCRIPTS = ("quality_gate", "delta_against_rebuild", "recall_at_scale", "promotion_latency", "report_pages")
WITHOUT_RATIOS = {"gate_power"}
"""Has a table of its own; see test_gate_power.py."""
PRINTED_COLUMNS = ["measured", "value", "unit", "ratio", "peak MB"]

PEAKS = """
from measuring.run_apart import run_apart

def fill(megabytes):
    return len(bytearray(megabytes * 2**20))

if __name__ == "__main__":
    large, small = run_apart(fill, 300), run_apart(fill, 1)
    print(large.value, large.peak_memory_mb, small.peak_memory_mb)
"""
DOCUMENTS = """
from measuring.derived_documents import derived_documents

first, again, other = (list(derived_documents(300, seed)) for seed in (1, 1, 2))
print(first == again, first == other, len({document.text for document in first}))
"""


def run(*arguments: str | Path) -> str:
    """Run Python with the package and the benchmarks on its path; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KBGATE_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "include"), str(BENCHMARKS)])
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{arguments}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def cells(line: str) -> list[str]:
    """The cells of a printed row, [] for any other line."""
    parts = line.strip().replace("┃", "│").split("│")
    return [part.strip() for part in parts[1:-1]]


def test_no_benchmark_goes_untried() -> None:
    assert {path.stem for path in BENCHMARKS.glob("*.py")} == {*SCRIPTS, *WITHOUT_RATIOS}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_small_form_prints_ratios_beside_absolute_numbers(name: str, tmp_path: Path) -> None:
    json_file = tmp_path / "tables.json"
    script = BENCHMARKS / f"{name}.py"
    printed = run(script, "--quick", "--json", json_file, *ARGUMENTS.get(name, ()))
    rows = [row for row in map(cells, printed.splitlines()) if row]
    tables = json.loads(json_file.read_text())
    assert rows.count(PRINTED_COLUMNS) == len(tables) > 0
    numbers = [row for row in rows if row != PRINTED_COLUMNS]
    written = [row for table in tables for row in table["rows"]]
    assert [row[0] for row in numbers] == [row["measured"] for row in written]
    assert all(float(row[1]) >= 0 and float(row[3]) >= 0 and int(row[4]) > 0 for row in numbers)
    assert [float(row[3]) for row in numbers] == pytest.approx([row["ratio"] for row in written], rel=0.01, abs=1e-4)
    assert all(any(row["ratio"] == 1 for row in table["rows"]) for table in tables)


def test_the_peak_memory_of_a_part_is_its_own(tmp_path: Path) -> None:
    script = tmp_path / "peaks.py"
    script.write_text(PEAKS)
    filled, large, small = map(int, run(script).split())
    assert filled == 300 * 2**20
    assert large > 300 > small


def test_derived_documents_are_the_same_for_the_same_seed_and_all_different() -> None:
    assert run("-c", DOCUMENTS).split() == ["True", "False", "300"]
