"""The table every benchmark prints, and the same as JSON."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

PIPED_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number; `ratio` is it divided by the number that the table's caption names.

    `peak_memory_mb` is that of the process that measured it.
    """

    measured: str
    value: float
    unit: str
    ratio: float
    peak_memory_mb: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one run that share what their ratios mean."""

    title: str
    ratio_means: str
    rows: tuple[Row, ...]


def show(tables: Sequence[Table], json_file: Path | None) -> None:
    """Print the tables; write them to `json_file` too, if there is one."""
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    for table in tables:
        drawn = RichTable(title=table.title, caption=f"ratio: {table.ratio_means}", title_justify="left")
        drawn.add_column("measured")
        for name in ("value", "unit", "ratio", "peak MB"):
            drawn.add_column(name, justify="left" if name == "unit" else "right", no_wrap=True)
        for row in table.rows:
            drawn.add_row(row.measured, _digits(row.value), row.unit, _digits(row.ratio), str(row.peak_memory_mb))
        console.print(drawn)
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(table) for table in tables], indent=1) + "\n")


def _digits(number: float) -> str:
    """Three digits that mean something, never an exponent."""
    return f"{number:.0f}" if number >= 100 else f"{number:.2f}" if number >= 1 else f"{number:.4f}"
