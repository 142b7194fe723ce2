"""Draw what the bench measured in the terminal."""

import sys

from rich.console import Console
from rich.table import Table

from gate_power_parts.power_result import TARGET_FALSE_BLOCKS, Result

PIPED_WIDTH = 150


def show_result(result: Result) -> None:
    """Print the faults, then clean ingests and bad promotions."""
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    console.print(_faults(result))
    clean, bad = result["clean"], result["bad_promotions"]
    share = clean["false_blocks"] / clean["n"] if clean["n"] else 0.0
    console.print(
        f"False blocks: {clean['false_blocks']} of {clean['n']} clean ingests ({share:.1%}, 95 % interval {clean['low']:.1%} to "
        f"{clean['high']:.1%}; wanted at most {TARGET_FALSE_BLOCKS:.0%}). {clean['held_rightly']} more were held by recall "
        "alone, and exact search says too that it fell below 0.85."
    )
    for example in clean["examples"]:
        console.print(f"  {example}", markup=False)
    console.print(
        f"Bad promotions: {bad['overall']} of {bad['n_promoted']} (recall truly below 0.85, by exact search); "
        f"{bad['key_intent']} with a key intent truly below 0.85."
    )
    for example in bad["examples"]:
        console.print(f"  {example}", markup=False)


def percent(severity: float | None) -> str:
    """0.005 -> "0.5 %"; none -> "never"."""
    return "never" if severity is None else f"{100 * severity:g} %"


def _faults(result: Result) -> Table:
    table = Table(
        title=f"Gate power: {result['n_trials']} trials, caught = held by a right gate that the reasons name, or set aside",
        caption="smallest: smallest share of the documents caught in 95 % of trials; cells: caught/tried at each share",
        title_justify="left",
    )
    for name in ("fault", "smallest", "right gate", "held by", "missed at >= 8 %", "cells"):
        table.add_column(name)
    for fault in result["faults"]:
        cells = "  ".join(f"{percent(cell['severity'])}: {cell['caught']}/{cell['n']}" for cell in fault["cells"])
        held_by = ", ".join(f"{gate} {n}" for gate, n in fault["gates"].items())
        missed = ", ".join(map(percent, fault["missed_at_target"]))
        right = ", ".join(fault["right_gates"])
        table.add_row(fault["name"], percent(fault["smallest_caught"]), right, held_by, missed, cells)
    return table
