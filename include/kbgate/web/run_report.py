"""What the report of one run shows, read from the files that its stages left behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kbgate.artifacts import RunFolder
from kbgate.pipeline import BY_HAND, GATES, STAGES
from kbgate.web.decision_section import decision_section
from kbgate.web.run_files import RunFiles
from kbgate.web.run_sections import changes_section, gate_section
from kbgate.web.section import Section

WORDS = {
    "promoted": "Promoted",
    "built": "Built, not promoted",
    "waiting": "Waits for a person",
    "hold": "Blocked",
    "unchanged": "Nothing changed",
    "rolled_back": "Rolled back",
    "promoted_by_hand": "Promoted by hand",
    "error": "Stopped by an error",
    "open": "No report yet",
}
"""Outcome of a run -> what the banner's badge says."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run for the template; `outcome` is a key of `WORDS` or what a newer kbgate wrote.

    `facts` are pairs of name and value; `problems` are sentences about files that cannot be read.
    """

    kb: str
    outcome: str
    headline: str
    facts: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    next_step: str
    sections: tuple[Section, ...]
    problems: tuple[str, ...]

    @property
    def badge(self) -> str:
        """The outcome in words."""
        return WORDS.get(self.outcome, self.outcome.replace("_", " "))


def read_run_report(folder: RunFolder) -> RunReport | None:
    """Return what a run's files tell, whole or not; None if the run has written nothing."""
    files = RunFiles(folder)
    request, report = files.json("request.json"), files.json("report.json")
    if not request and not report and not files.problems:
        return None
    about = {**request, **report}
    outcome, headline = str(report.get("outcome") or "open"), str(report.get("headline") or "")
    if not headline:
        outcome, headline = _so_far(files)
    return RunReport(
        kb=folder.kb,
        outcome=outcome,
        headline=headline,
        facts=_facts(about, folder),
        reasons=tuple(reason for reason in _texts(report.get("reasons")) if reason != headline),
        notes=_texts(report.get("notes")),
        # The page's own links lead to the run's files; where they lie is among the facts.
        next_step=str(report.get("next") or "").replace(f"{folder.uri}/", ""),
        sections=_sections(files, about),
        problems=tuple(dict.fromkeys(files.problems)),
    )


def _sections(files: RunFiles, about: Mapping[str, Any]) -> tuple[Section, ...]:
    gates = files.gates()
    decision = decision_section(files, gates, about)
    if about.get("kind") in ("rollback", "promotion"):
        return (decision,)
    order = [*GATES.values(), *sorted(gates.keys() - set(GATES.values()))]
    drawn = [gate_section(files, name, gates.get(name)) for name in order]
    return (*drawn, changes_section(files, about), decision)


def _so_far(files: RunFiles) -> tuple[str, str]:
    """What can be said of a run without a report: which stage stopped it, or which one ended last."""
    last = ""
    for stage in (*STAGES, *BY_HAND):
        record = files.json(f"stages/{stage}.json")
        if "error" in record:
            return "error", f"Stopped in {stage}: {record['error']}"
        last = stage if record else last
    after = f"The last stage that ended is {last}. " if last else ""
    return "open", (
        f"The run has written no report yet. {after}Either it is still at work: look again later. "
        "Or it died: the red task's log says why."
    )


def _facts(about: Mapping[str, Any], folder: RunFolder) -> tuple[tuple[str, str], ...]:
    named = {
        "Knowledge base": folder.kb,
        "Kind of run": about.get("kind"),
        "Started by": about.get("actor"),
        "Reason": about.get("reason"),
        "Started at": about.get("started_at"),
        "Version": about.get("version"),
        "Live before": about.get("live_before"),
        "Files": folder.uri,
    }
    return tuple((name, str(value)) for name, value in named.items() if value)


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in values) if isinstance(values, list) else ()
