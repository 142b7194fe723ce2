"""The README's short form of what the bench measured, between two markers."""

from collections import defaultdict
from pathlib import Path

from gate_power_parts.power_result import Result
from gate_power_parts.power_table import percent

BEGIN = "<!-- gate-power:begin -->"
END = "<!-- gate-power:end -->"


def readme_block(result: Result) -> str:
    """Return both markers and what stands between them: one row for each smallest share that is caught."""
    rows = []
    found = {fault["smallest_caught"] for fault in result["faults"]}
    for smallest in sorted(found, key=lambda share: 2.0 if share is None else share):
        by_gate: dict[str, list[str]] = defaultdict(list)
        for fault in result["faults"]:
            if fault["smallest_caught"] == smallest:
                by_gate[" or ".join(fault["right_gates"])].append(_label(fault))
        names = "; ".join(f"**{gate}**: {', '.join(faults)}" for gate, faults in by_gate.items())
        rows.append(f"| {percent(smallest)} | {names} |")
    clean, bad = result["clean"], result["bad_promotions"]
    collections = ", ".join(f"{one['name']} ({one['n_documents']})" for one in result["collections"])
    lines = [
        BEGIN,
        f"`benchmarks/gate_power.py` measured it: {result['n_trials']} spoilt batches through the whole pipeline over {collections}.",
        f"Of {clean['n']} clean ingests {clean['false_blocks']} were blocked (95 % interval {clean['low']:.1%} to "
        f"{clean['high']:.1%}), and {clean['held_rightly']} more by recall alone, which exact search confirmed to be below 0.85; "
        f"of {bad['n_promoted']} promotions {bad['overall']} had a recall truly below it, {bad['key_intent']} that of a key intent.",
        "",
        "| caught in 95 % of trials from | **gate**: faults |",
        "|---:|---|",
        *rows,
        END,
    ]
    return "\n".join(lines)


def write_readme_block(readme: Path, result: Result) -> None:
    """Replace what stands between the markers.

    Raises:
        ValueError: the README has not both markers once, in this order.
    """
    text = readme.read_text("utf-8")
    before, found, rest = text.partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not found or not found_end or BEGIN in rest or END in after:
        raise ValueError(f"{readme} must have {BEGIN} and then {END} once each.")
    readme.write_text(before + readme_block(result) + after, "utf-8")


def _label(fault: Result) -> str:
    return fault["name"] + (" (of its pages)" if fault["of"] == "topic" else "")
