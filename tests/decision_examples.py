"""Gate results and decision records for tests: all gates pass, but those that a test gives."""

import hashlib
from typing import Any

from kbgate.releases.decision import Decision, decide
from kbgate.results import GateResult, Measurement, Verdict

PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE
EXPECTED = ("documents", "chunks", "drift", "recall")


def measured(value: float | None, verdict: Verdict = PASSED, **options: Any) -> Measurement:
    arguments = {"name": "recall@5", "threshold": 0.85, "direction": "min", "n": 250} | options
    return Measurement(value=value, verdict=verdict, **arguments)


def gate(name: str, verdict: Verdict = PASSED, *measurements: Measurement, **options: Any) -> GateResult:
    found = measurements or (measured(0.91 if verdict is PASSED else 0.7, verdict, message=f"{name} numbers"),)
    return GateResult(name=name, verdict=verdict, measurements=found, message=f"{name} says {verdict}.", **options)


def files(gates: list[GateResult]) -> dict[str, bytes]:
    return {found.name: found.model_dump_json(indent=2).encode() for found in gates}


def decision(*changed: GateResult, without: str = "", live_version: str | None = "v1.0.0", **options: Any) -> Decision:
    """All gates pass, but those given."""
    by_name = {name: gate(name) for name in EXPECTED if name != without} | {found.name: found for found in changed}
    gates = list(by_name.values())
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files(gates).items()}
    arguments: dict[str, Any] = {
        "kb": "helpdesk",
        "version": "v1.0.1",
        "run_key": "run 7",
        "live_version": live_version,
        "base_revision": 3,
        "inputs": {"ledger": "a" * 64},
        "first_ingest": "allow",
        "actor": "airflow",
    }
    return decide(gates, hashes, EXPECTED, **(arguments | options))


def files_of(*changed: GateResult) -> dict[str, bytes]:
    return files(list(({name: gate(name) for name in EXPECTED} | {found.name: found for found in changed}).values()))
