"""Past runs as their reports would tell them, for tests of what is learnt from them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kbgate.gates.judged_run import JudgedRun
from kbgate.gates.limit_settings import LIMITS
from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.settings import KnowledgeBaseSettings

BEGIN = datetime(2026, 1, 1, 2, tzinfo=UTC)
SETTINGS = KnowledgeBaseSettings.model_validate({"source": {"kind": "jsonl"}})
PRESENT = {
    entry.setting: float(getattr(getattr(SETTINGS, entry.setting.partition(".")[0]), entry.field)) for entry in LIMITS
}
N_DOCUMENTS = 1000


def measured(name: str, value: float | None, threshold: float, **fields: Any) -> Measurement:
    """A measurement with the verdict that follows from value and threshold, unless another one is given."""
    direction = fields.setdefault("direction", "max")
    fields.setdefault("n", N_DOCUMENTS)
    verdict = Verdict.INCONCLUSIVE
    if value is not None:
        beyond = value > threshold if direction == "max" else value < threshold
        verdict = Verdict.FAILED if beyond else Verdict.PASSED
    return Measurement(name=name, value=value, threshold=threshold, **{"verdict": verdict, **fields})


def gate(name: str, *measurements: Measurement, settings: Mapping[str, Any] | None = None, **fields: Any) -> GateResult:
    """A gate's result over these measurements; its settings are the defaults of its section, changed by `settings`."""
    section = {"documents": "quality", "chunks": "quality", "golden_set": "golden"}.get(name, name)
    recorded = getattr(SETTINGS, section).model_dump(mode="json") | dict(settings or {})
    values = {"verdict": judge(measurements), "message": "", "measurements": measurements, "settings": recorded}
    return GateResult(name=name, **{**values, **fields})


def run(number: int, *gates: GateResult, **fields: Any) -> JudgedRun:
    """A run of day `number`, promoted if none of its gates holds it."""
    held = any(result.blocks for result in gates)
    values = {
        "run_key": f"run-{number:03}",
        "began": BEGIN + timedelta(days=number),
        "outcome": "hold" if held else "promoted",
        "kind": "ingest",
        "version": None if held else f"v1.0.{number}",
        "live_before": "v0.9.0",
        "gates": gates,
    }
    return JudgedRun(**{**values, **fields})


def documents_run(number: int, n: int = N_DOCUMENTS, **shares: float) -> JudgedRun:
    """A run whose document gate measured these shares (by rule) and held them to the default limits."""
    fields = {entry.measurement: entry.field for entry in LIMITS if entry.gate == "documents"}
    limits = SETTINGS.quality.model_dump()
    found = [measured(name, value, limits[fields[name]], n=n) for name, value in shares.items()]
    return run(number, gate("documents", *found))
