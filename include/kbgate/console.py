"""What the command line prints: tables for people (rich), one JSON object for scripts."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from kbgate.results import GateResult, Measurement, StageResult, Verdict

STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.INCONCLUSIVE: "yellow"}
# Reasons, ids and messages are other people's words: brackets and colons in them are no markup.
PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
VERSION_COLUMNS = {
    "version": "version",
    "is": "role",
    "state": "state",
    "documents": "n_documents",
    "chunks": "n_chunks",
    "recall": "recall",
    "from": "parent",
    "by": "actor",
    "at": "created_at",
    "reason": "reason",
}
"""Title -> name in the listing."""
ALWAYS_SHOWN = ("version", "is", "state")
BY_IMPORTANCE = (*ALWAYS_SHOWN, "at", "recall", "reason", "by", "documents", "chunks", "from")
SHORTEST_REASON = 12
out = Console(**PLAIN)
if not out.is_terminal:
    out = Console(**PLAIN, width=140)


class StageDisplay:
    """Shows the stages of a run on a terminal; without one it is silent, because the log has a line a stage."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._shown = progress.add_task("starting", total=None) if progress else None

    def __call__(self, stage: str, result: StageResult | None) -> None:
        """A stage begins (no result) or has ended."""
        if self._progress is None or self._shown is None:
            return
        if result is None:
            self._progress.reset(self._shown, description=stage, total=None)
        else:
            style = "red" if result.holds else "green"
            self._progress.console.print(Text.assemble((f"{stage:16} ", style), result.message))

    def advance(self, done: int, total: int) -> None:
        """Within a long stage, `done` of `total` pieces are ready."""
        if self._progress is not None and self._shown is not None:
            self._progress.update(self._shown, total=total, completed=done)


@contextmanager
def stages(quiet: bool) -> Iterator[StageDisplay]:
    """Give what shows each stage: a bar when a terminal is there, nothing when not."""
    if quiet or not out.is_terminal:
        yield StageDisplay(None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True) as progress:
        yield StageDisplay(progress)


def show_report(report: dict[str, Any], as_json: bool) -> None:
    """Print how a run ended: headline, one row a measurement that matters, what changed, where the files lie."""
    if as_json:
        _print_json(report)
        return
    style = {"promoted": "bold green", "unchanged": "bold green", "built": "bold cyan", "waiting": "bold yellow"}.get(
        report["outcome"], "bold red"
    )
    out.print(Text(report["headline"], style=style))
    if report["gates"]:
        out.print(_gate_table([GateResult.model_validate(gate) for gate in report["gates"]]))
    for title, sentences in (("Why", report["reasons"]), ("Also", report["notes"])):
        for sentence in sentences:
            out.print(f"{title}: {sentence}", soft_wrap=True)
    if report.get("changes"):
        changes = report["changes"]
        out.print(
            f"Documents: {changes['added']} added, {changes['changed']} changed, {changes['removed']} removed, "
            f"{changes['unchanged']} unchanged."
            + (f" {changes['kept']} kept as in live: quarantined or not readable." if changes["kept"] else "")
        )
    if report.get("embedding"):
        out.print(report["embedding"]["message"])
    out.print(f"Files of this run: {report['folder']}", soft_wrap=True)
    if report.get("next"):
        out.print(f"Next: {report['next']}", soft_wrap=True)


def show_gates(gates: list[GateResult], folder: str | None, as_json: bool, notes: Sequence[str] = ()) -> None:
    """Print gate results that were measured outside a whole run; `folder` is where they left files, if they did."""
    if as_json:
        values = {"folder": folder, "gates": [gate.model_dump(mode="json") for gate in gates], "notes": list(notes)}
        _print_json(values)
        return
    out.print(_gate_table(gates))
    for gate in gates:
        out.print(Text(gate.message, style=STYLES[gate.verdict]))
    for note in notes:
        out.print(f"Also: {note}", soft_wrap=True)
    if folder is not None:
        out.print(f"Files of this run: {folder}", soft_wrap=True)


def show_event(result: StageResult, as_json: bool) -> None:
    """Print what a promotion or rollback did."""
    if as_json:
        _print_json(result.model_dump(mode="json"))
    else:
        out.print(Text(result.message, style="bold green"))


def show_versions(listing: dict[str, Any], as_json: bool) -> None:
    """Print the versions of a knowledge base, newest first."""
    if as_json:
        _print_json(listing)
        return
    if not listing["versions"]:
        out.print(f"{listing['kb']} has no versions yet. Run: kbgate ingest --kb {listing['kb']}")
        return
    columns = {
        title: [_cell(version[name]) for version in listing["versions"]] for title, name in VERSION_COLUMNS.items()
    }
    fitting = _fitting(columns)
    shown = [title for title in VERSION_COLUMNS if title in fitting]
    table = _table()
    for title in shown:
        table.add_column(title, overflow="fold", no_wrap=len(shown) > len(ALWAYS_SHOWN) and title != "reason")
    for row in zip(*(columns[title] for title in shown), strict=True):
        table.add_row(*row)
    out.print(table)
    hidden = [title for title in VERSION_COLUMNS if title not in shown]
    if hidden:
        out.print(f"Too narrow for: {', '.join(hidden)}. A wider terminal or --json shows them.")


def _fitting(columns: dict[str, list[str]]) -> set[str]:
    """Titles of the columns that fit side by side with whole cells, the important ones first; a reason may take more lines."""
    shown, left = set(), out.width - 1
    for title in BY_IMPORTANCE:
        width = max(cell_len(cell) for cell in (title, *columns[title]))
        left_then = left - 3 - (min(width, SHORTEST_REASON) if title == "reason" else width)
        if title in ALWAYS_SHOWN or left_then >= 0:
            shown.add(title)
            left = left_then
    return shown


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "" if value is None else str(value)


def show_version(version: dict[str, Any], as_json: bool) -> None:
    """Print one version with its gates and events."""
    if as_json:
        _print_json(version)
        return
    facts = Table(show_header=False, box=None)
    for name, value in version["version"].items():
        facts.add_row(
            name, json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else str(value)
        )
    out.print(facts)
    if version["gates"]:
        out.print(_gate_table([GateResult.model_validate(gate) for gate in version["gates"]]))
    events = _table("at", "what", "from", "to", "by", "reason", title="Events")
    for event in version["events"]:
        events.add_row(
            *(str(event[name] or "") for name in ("at", "kind", "version_from", "version_to", "actor", "reason"))
        )
    out.print(events)


def show_diff(diff: dict[str, Any], as_json: bool) -> None:
    """Print how two versions differ."""
    if as_json:
        _print_json(diff)
        return
    documents = _table("change", "documents", title=f"{diff['old']} -> {diff['new']}")
    for name in ("added", "changed", "removed"):
        documents.add_row(
            f"{name} ({len(diff[name])})", ", ".join(diff[name][:20]) + (" …" if len(diff[name]) > 20 else "")
        )
    documents.add_row(f"unchanged ({diff['n_unchanged']})", "")
    out.print(documents)
    numbers = _table("what differs", diff["old"], diff["new"])
    for section in ("settings", "counts", "profile"):
        for name, (old, new) in diff[section].items():
            numbers.add_row(name, _shown(old), _shown(new))
    if diff["recall"][0] != diff["recall"][1]:
        numbers.add_row("recall", *map(_shown, diff["recall"]))
    if numbers.row_count:
        out.print(numbers)


def _shown(value: Any) -> str:
    """A value of a version's record; of a number as much as a person compares."""
    return f"{value:,.4g}" if isinstance(value, float) and abs(value) < 10_000 else str(value)


def show_faults(faults: dict[str, str], as_json: bool) -> None:
    """Print which spoilt batches can be made."""
    if as_json:
        _print_json(faults)
        return
    table = _table("fault", "what is wrong with the batch")
    for name, description in faults.items():
        table.add_row(name, description)
    out.print(table)


def show_batch(batch: dict[str, Any], as_json: bool) -> None:
    """Print where a spoilt batch was written and how to ingest it."""
    if as_json:
        _print_json(batch)
    else:
        out.print(f"{batch['description']}\nWritten to {batch['path']}.\nTry it: {batch['command']}", soft_wrap=True)


def _table(*titles: str, title: str | None = None) -> Table:
    """A table whose words are broken where the terminal is narrow, and never cut off."""
    return Table(*(Column(column, overflow="fold") for column in titles), title=title)


def _gate_table(gates: list[GateResult]) -> Table:
    """One row a measurement that did not pass or that must reach a minimum, and a count of the others."""
    table = _table("gate", "measured", "value", "wanted", "n", "95 % interval", "verdict")
    for gate in gates:
        judged = [m for m in gate.measurements if m.direction != "info" or m.verdict is not Verdict.PASSED]
        shown = [m for m in judged if m.verdict is not Verdict.PASSED or m.direction == "min"]
        mode = "" if gate.mode == "block" else f" ({gate.mode})"
        table.add_row(Text(gate.name + mode), "", "", "", "", "", Text(gate.verdict.value, style=STYLES[gate.verdict]))
        for measurement in shown:
            verdict = Text(measurement.verdict.value, style=STYLES[measurement.verdict])
            if measurement.severity == "warning" and measurement.verdict is not Verdict.PASSED:
                verdict = Text("warning", style="yellow")
            interval = "" if measurement.ci_low is None else f"{measurement.ci_low:.3f} to {measurement.ci_high:.3f}"
            cells = (
                measurement.name,
                _number(measurement.value),
                _wanted(measurement),
                str(measurement.n or ""),
                interval,
            )
            table.add_row("", *(Text(cell) for cell in cells), verdict)
        if others := len(judged) - len(shown):
            table.add_row("", f"{others} others", "", "", "", "", Text("passed", style="green"))
        table.add_section()
    return table


def _wanted(measurement: Measurement) -> str:
    sign = {"max": "<= ", "min": ">= "}.get(measurement.direction, "")
    return "" if measurement.threshold is None else f"{sign}{_number(measurement.threshold)}"


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))
