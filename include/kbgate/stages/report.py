"""Last stage, always run: say in one sentence how the run ended, and give the lease back."""

from typing import Any

from kbgate.errors import KbgateError
from kbgate.gates.after_hold import after_hold
from kbgate.pipeline import GATES, stage_records
from kbgate.releases.decision import Decision
from kbgate.results import StageResult
from kbgate.run import START_FILE, Run, RunStart
from kbgate.stages.check_documents import SUMMARY_FILE
from kbgate.stages.decide import DECISION_FILE

REPORT_FILE = "report.json"
PAGE_FILE = "report.html"


def report(run: Run) -> StageResult:
    """Write `report.json` from what the stages left behind, whatever happened, release the lease, and draw `report.html`."""
    stages = stage_records(run)
    start = RunStart.model_validate(run.folder.read_json(START_FILE)) if run.folder.exists(START_FILE) else None
    outcome, headline = _outcome(run, stages, start)
    gates = run.folder.read_gates()
    values = {
        "schema_version": 1,
        "kb": run.kb,
        "run_key": run.request.run_key,
        "started_at": start.started_at if start else None,
        "kind": run.request.kind,
        "actor": run.request.actor,
        "reason": run.request.reason,
        "outcome": outcome,
        "headline": headline,
        "reasons": _decision(run).reasons if run.folder.exists(DECISION_FILE) else (),
        "live_before": start.live if start else None,
        "version": _summary(stages, "build_candidate").get("version"),
        "notes": _decision(run).notes if run.folder.exists(DECISION_FILE) else (),
        "gates": [gates[name].model_dump(mode="json") for name in GATES.values() if name in gates],
        "changes": _summary(stages, "plan_changes"),
        "embedding": {"message": stages.get("embed_chunks", {}).get("message"), **_summary(stages, "embed_chunks")}
        if "embed_chunks" in stages
        else {},
        "stages": {
            name: {"seconds": record["seconds"], "peak_memory_mb": record["peak_memory_mb"]}
            for name, record in stages.items()
        },
        "folder": run.folder.uri,
        "next": _next_step(run, outcome),
    }
    run.folder.write_json(REPORT_FILE, values)
    run.registry.release_lease(run.kb, run.request.run_key)
    message = " ".join([headline, *_write_page(run)])
    return StageResult(message=message, summary={"outcome": outcome, "folder": run.folder.uri})


def _write_page(run: Run) -> list[str]:
    """Write `report.html`; the run has ended well or badly without it, so a failure is only told."""
    from kbgate.web.standalone import report_html

    try:
        run.folder.write_bytes(PAGE_FILE, report_html(run.settings, run.kb, run.request.run_key).encode())
    except KbgateError as error:
        return [f"{PAGE_FILE} could not be written: {error}"]
    return []


def _outcome(run: Run, stages: dict[str, dict[str, Any]], start: RunStart | None) -> tuple[str, str]:
    """Return the outcome's name and the sentence that goes into the run's note."""
    live = f"Live stays {start.live}." if start and start.live else "Nothing is live yet."
    for name, record in stages.items():
        if "error" in record:
            return "error", f"Stopped in {name}: {record['error']} {'' if name == 'collect_garbage' else live}".strip()
    if "roll_back" in stages:
        return "rolled_back", f"Rolled back: {stages['roll_back']['message']}"
    promote = stages.get("promote")
    if promote is not None:
        return ("built", promote["message"]) if promote["skipped"] else ("promoted", promote["message"])
    if run.folder.exists(DECISION_FILE) and _decision(run).outcome == "promote" and run.promoted_version:
        # The promotion was committed, then the process died before the stage could write so.
        return "promoted", _decision(run).promoted_headline
    if stages.get("plan_changes", {}).get("skipped") and not stages.get("check_documents", {}).get("holds"):
        return "unchanged", f"{stages['plan_changes']['message']} {live}"
    if run.folder.exists(DECISION_FILE):
        return "hold", _decision(run).headline
    last = next(reversed(stages), "the beginning")
    return "error", f"Stopped after {last}: the red task's log says why. {live}"


def _next_step(run: Run, outcome: str) -> str:
    if outcome == "hold":
        gates = run.folder.read_gates()
        n_bad_rows = run.folder.read_json(SUMMARY_FILE)["n_rows"] if run.folder.exists(SUMMARY_FILE) else 0
        ordered = [gates[name] for name in GATES.values() if name in gates]
        return after_hold(ordered, run.kb, run.folder.uri, n_bad_rows)
    return {
        "promoted": f"kbgate versions --kb {run.kb}; if users complain: kbgate rollback --kb {run.kb} --reason '...'",
        "built": f"kbgate promote --kb {run.kb} --reason '...' <version>",
        "error": "mend what the message names and run again",
        "rolled_back": f"find the cause: kbgate versions --kb {run.kb}, kbgate diff --kb {run.kb} <version> <version>",
    }.get(outcome, "")


def _summary(stages: dict[str, dict[str, Any]], stage: str) -> dict[str, Any]:
    return dict(stages.get(stage, {}).get("summary", {}))


def _decision(run: Run) -> Decision:
    return Decision.from_json(run.folder.read_bytes(DECISION_FILE))
