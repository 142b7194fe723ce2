"""A past run as its report tells it: what each gate measured, and whether the version became live."""

from dataclasses import dataclass
from datetime import datetime

from kbgate.results import GateResult, Verdict


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """One run that came to a decision; `began` is in UTC, `outcome` is the report's: promoted, built, waiting or hold."""

    run_key: str
    began: datetime
    outcome: str
    kind: str
    version: str | None
    live_before: str | None
    gates: tuple[GateResult, ...]

    @property
    def accepted(self) -> bool:
        """Whether every gate let it pass."""
        return self.outcome in ("promoted", "built", "waiting")

    @property
    def held(self) -> bool:
        """Whether a gate held it."""
        return self.outcome == "hold"

    @property
    def is_baseline(self) -> bool:
        """Whether limits may be learnt from it; a hotfix by hand means what a nightly ingest must not do."""
        return self.outcome == "promoted" and self.kind == "ingest"

    def holds(self, gate: GateResult) -> bool:
        """Whether a gate's result held this run; a first ingest may lack what it would be compared with."""
        lenient = gate.needs_reference and gate.verdict is Verdict.INCONCLUSIVE and self.live_before is None
        return gate.blocks and not lenient
