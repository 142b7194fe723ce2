"""The newest runs of a knowledge base as their reports tell them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from kbgate.parts import explain
from kbgate.results import Mode, Severity, Verdict
from kbgate.run_folders import RunFolders
from kbgate.settings import Settings

REPORT_FILE = "report.json"
AGAIN = "Clear the run's report task to write it anew."
OUTCOMES = {
    "promoted": "promoted",
    "built": "built, not promoted",
    "waiting": "passed, waits for a person",
    "hold": "blocked",
    "unchanged": "nothing to do",
    "rolled_back": "rolled back",
    "promoted_by_hand": "promoted by hand",
    "error": "stopped by an error",
    "unfinished": "not finished",
}
"""What `outcome` in a report means, in words."""


class PastMeasurement(BaseModel):
    """What a page over many runs needs of a `Measurement`; the rest is skipped, which makes reading ninety reports fast."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: float | None
    threshold: float | None = None
    direction: Literal["max", "min", "info"] = "info"
    severity: Severity = "critical"
    verdict: Verdict


class PastGate(BaseModel):
    """What a page over many runs needs of a `GateResult`."""

    model_config = ConfigDict(frozen=True)

    name: str
    mode: Mode = "block"
    verdict: Verdict
    measurements: tuple[PastMeasurement, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether this result alone holds the promotion."""
        return self.mode == "block" and self.verdict is not Verdict.PASSED


class PastReport(BaseModel):
    """What a page over many runs needs of `report.json`."""

    model_config = ConfigDict(frozen=True)

    started_at: datetime | None = None
    outcome: str = ""
    headline: str = ""
    version: str | None = None
    gates: tuple[PastGate, ...] = ()


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run; `began` is when its file was written if no report says when it began.

    `problem` says why its report could not be read; then there is nothing else to tell of it.
    """

    run_key: str
    began: datetime
    report: PastReport
    problem: str | None = None

    @property
    def blocked(self) -> bool:
        """Whether a gate held the promotion."""
        return self.report.outcome == "hold"

    @property
    def outcome(self) -> str:
        """The outcome in words."""
        return OUTCOMES.get(self.report.outcome, self.report.outcome or "unknown")

    @property
    def label(self) -> str:
        """When it began and the version it built."""
        return f"{self.began:%Y-%m-%d %H:%M}" + (f" {self.report.version}" if self.report.version else "")


def past_runs(settings: Settings, kb: str, limit: int, having: str = REPORT_FILE) -> list[PastRun]:
    """Return the newest `limit` runs that wrote the file `having`, the one that began last first; only reports are read.

    Raises:
        InfrastructureError: the disk or server did not answer.
    """
    folders = RunFolders(settings.artifact_root, kb)
    written = dict(folders.newest(having, limit))
    reports = folders.read(list(written), REPORT_FILE)
    runs = [_past_run(run_key, moment, reports.get(run_key)) for run_key, moment in written.items()]
    return sorted(runs, key=lambda run: (run.began, written[run.run_key]), reverse=True)


def _past_run(run_key: str, written: datetime, content: bytes | None) -> PastRun:
    if content is None:
        return PastRun(run_key, written, PastReport(outcome="unfinished"))
    try:
        report = PastReport.model_validate_json(content)
    except ValidationError as error:
        what = f"{explain(error, '')}"[:300]
        problem = f"runs/{run_key}/{REPORT_FILE} is not a report of this version of kbgate: {what}. {AGAIN}"
        return PastRun(run_key, written, PastReport(), problem)
    began = report.started_at
    if began is None:
        return PastRun(run_key, written, report)
    return PastRun(run_key, began.replace(tzinfo=UTC) if began.tzinfo is None else began.astimezone(UTC), report)
