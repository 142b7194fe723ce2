"""The one shape of every verdict: what a gate measured, what it wanted, and what a person should do."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Verdict(StrEnum):
    """Outcome of a gate; too little evidence is INCONCLUSIVE, never PASSED."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


Mode = Literal["block", "warn", "off"]
Severity = Literal["critical", "warning"]


class Measurement(BaseModel):
    """One number a gate looked at, beside the limit it was held to.

    `direction` says how to read `threshold`: "max" (value must not exceed it), "min" (value must reach it) or
    "info" (reported only). `ci_low` and `ci_high` bound a 95 % interval. `value` is None when it could not be measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: float | None
    threshold: float | None = None
    direction: Literal["max", "min", "info"] = "info"
    n: int | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    verdict: Verdict = Verdict.PASSED
    severity: Severity = "critical"
    message: str = ""
    """What was found and what was wanted, one sentence."""
    advice: str = ""
    """What to do about it; "" if it passed."""


class GateResult(BaseModel):
    """What one gate found in one run; stored as `gates/<name>.json` and drawn by one template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    name: str
    mode: Mode = "block"
    verdict: Verdict
    measurements: tuple[Measurement, ...] = ()
    message: str
    details: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str | None] = Field(default_factory=dict)
    needs_reference: bool = False
    """True when the verdict is INCONCLUSIVE only because there is no live version to compare with."""

    @property
    def blocks(self) -> bool:
        """Whether this result alone holds the promotion (first-ingest leniency is decided later)."""
        return self.mode == "block" and self.verdict is not Verdict.PASSED

    @property
    def failed_measurements(self) -> tuple[Measurement, ...]:
        """The critical measurements that did not pass, in the order measured."""
        return tuple(m for m in self.measurements if m.verdict is not Verdict.PASSED and m.severity == "critical")


class StageResult(BaseModel):
    """What a stage of the pipeline came to; a gate that holds the promotion is a result, not an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message: str
    holds: bool = False
    skipped: bool = False
    summary: dict[str, Any] = Field(default_factory=dict)
    live_event: dict[str, Any] = Field(default_factory=dict)
    """Set by the stages that move the live pointer: version, recall and who, for whoever listens."""


def judge(measurements: tuple[Measurement, ...]) -> Verdict:
    """Combine critical measurements: FAILED wins over INCONCLUSIVE, which wins over PASSED; none at all is INCONCLUSIVE."""
    verdicts = {m.verdict for m in measurements if m.severity == "critical"}
    for verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.PASSED):
        if verdict in verdicts:
            return verdict
    return Verdict.INCONCLUSIVE
