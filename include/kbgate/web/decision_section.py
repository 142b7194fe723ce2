"""The decision of a run with the hash of its record, what it weighed, and the settings and versions in force."""

import json
from collections.abc import Mapping
from typing import Any

from kbgate.errors import ArtifactError
from kbgate.releases.decision import Decision, verify
from kbgate.results import GateResult
from kbgate.web.run_files import RunFiles
from kbgate.web.section import Section, Table

FILE = "decision.json"


def decision_section(files: RunFiles, gates: Mapping[str, GateResult], about: Mapping[str, Any]) -> Section:
    """Return the decision as it is recorded; the record is checked against the gate files once more."""
    notes: list[str] = []
    tables: list[Table | None] = []
    decision = _read(files)
    if decision is None:
        notes.append("This run came to no decision.")
    else:
        notes += [decision.headline, *decision.reasons, *decision.notes, f"Hash of the record: {decision.hash}."]
        notes.append(_checked(files, decision))
        tables += [_weighed(decision), _pairs("Hashes of what was judged", decision.inputs)]
    for name, gate in gates.items():
        tables.append(_pairs(f"Settings and versions of the gate {name}", {**gate.settings, **gate.versions}))
    tables.append(files.piece("report.json", "stages", lambda: _stages(about.get("stages") or {})))
    return Section(
        "decision", "Decision", notes=tuple(notes), tables=tuple(t for t in tables if t is not None and t.rows)
    )


def _read(files: RunFiles) -> Decision | None:
    content = files.bytes(FILE)
    if content is None:
        return None
    try:
        return Decision.from_json(content)
    except ArtifactError as error:
        files.problems.append(f"{files.folder.uri}: {error}")
        return None


def _checked(files: RunFiles, decision: Decision) -> str:
    try:
        verify(decision, files.folder.gate_files())
    except ArtifactError as error:
        return f"The record does not agree with the gate files: {error}"
    return "The record was checked against the gate files when this page was made: they agree."


def _weighed(decision: Decision) -> Table:
    return Table(
        "What was weighed",
        ("Gate", "Verdict", "Mode", "SHA-256 of its file"),
        tuple((name, record.verdict.value, record.mode, record.sha256) for name, record in decision.gates.items()),
        folded=True,
    )


def _pairs(caption: str, values: Mapping[str, Any]) -> Table:
    rows = tuple((name.replace("_", " "), _shown(value)) for name, value in values.items())
    return Table(caption, ("Name", "Value"), rows, folded=True)


def _shown(value: Any) -> str | float | int | None:
    return value if isinstance(value, str | int | float) or value is None else json.dumps(value, ensure_ascii=False)


def _stages(stages: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = tuple((name.replace("_", " "), row["seconds"], row["peak_memory_mb"]) for name, row in stages.items())
    return Table("Time and memory of the stages", ("Stage", "Seconds", "Peak memory in MB"), rows, folded=True)
