"""Last stage, always run: say in one sentence how the run ended, and give the lease back."""

from typing import Any

from kbgate.errors import InfrastructureError, KbgateError
from kbgate.gates.after_hold import after_hold
from kbgate.pipeline import GATES, stage_records
from kbgate.releases.decision import Decision
from kbgate.results import StageResult
from kbgate.run import START_FILE, Run, RunStart
from kbgate.stages.check_documents import SUMMARY_FILE
from kbgate.stages.collect_garbage import collect_garbage
from kbgate.stages.decide import DECISION_FILE
from kbgate.stages.promote import promote_command

REPORT_FILE = "report.json"
PAGE_FILE = "report.html"
PROMOTED = ("promoted", "promoted_by_hand")


def report(run: Run) -> StageResult:
    """Write `report.json` from what the stages left behind, whatever happened, release the lease, and draw `report.html`."""
    stages = stage_records(run)
    start = RunStart.model_validate(run.folder.read_json(START_FILE)) if run.folder.exists(START_FILE) else None
    decision = _decision(run)
    outcome, headline = _outcome(run, stages, decision)
    gates = run.folder.read_gates()
    waits = stages["promote"]["message"] if outcome == "waiting" else None
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
        "reasons": (waits,) if waits else decision.reasons if decision and outcome != "error" else (),
        "live_before": start.live if start else None,
        "version": _summary(stages, "build_candidate").get("version"),
        "notes": [*(decision.notes if decision else ()), *(_trouble(stages) if outcome in PROMOTED else ())],
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
        "next": _next_step(run, outcome, decision if waits else None),
    }
    run.folder.write_json(REPORT_FILE, values)
    clean_up = _clean_up(run, outcome)
    run.registry.release_lease(run.kb, run.request.run_key)
    message = " ".join([headline, *clean_up, *_write_page(run)])
    return StageResult(message=message, summary={"outcome": outcome, "folder": run.folder.uri})


def _clean_up(run: Run, outcome: str) -> list[str]:
    """Collect garbage after a run that built something and promoted nothing, while it still has the lease."""
    if outcome not in ("hold", "waiting", "built"):
        return []
    held = run.registry.lease(run.kb)
    if held is None or held.owner != run.request.run_key:
        return []
    try:
        collect_garbage(run)
    except KbgateError as error:
        return [f"Old versions could not be deleted: {error}"]
    return []


def _write_page(run: Run) -> list[str]:
    """Write `report.html`; the run has ended well or badly without it, so a failure is only told."""
    from kbgate.web.standalone import report_html

    try:
        run.folder.write_bytes(PAGE_FILE, report_html(run.settings, run.kb, run.request.run_key).encode())
    except KbgateError as error:
        return [f"{PAGE_FILE} could not be written: {error}"]
    return []


def _outcome(run: Run, stages: dict[str, dict[str, Any]], decision: Decision | None) -> tuple[str, str]:
    """Return the outcome's name and the sentence that goes into the run's note."""
    if "promote_by_hand" in stages and "error" not in stages["promote_by_hand"]:
        return "promoted_by_hand", stages["promote_by_hand"]["message"]
    promoted = _promotion(run, stages, decision)
    if promoted:
        return "promoted", " ".join([promoted, *_trouble(stages)])
    for name, record in stages.items():
        if "error" in record:
            # What stopped it may have said already what is live.
            live = "" if "Live is " in record["error"] else _live(run)
            return "error", f"Stopped in {name}: {record['error']} {live}".strip()
    if "roll_back" in stages:
        return "rolled_back", f"Rolled back: {stages['roll_back']['message']}"
    promote = stages.get("promote")
    if promote is not None:
        return "waiting" if promote["holds"] else "built", promote["message"]
    if stages.get("plan_changes", {}).get("skipped") and not stages.get("check_documents", {}).get("holds"):
        return "unchanged", f"{stages['plan_changes']['message']} {_live(run)}".strip()
    if decision:
        then = f"Live stays {decision.live_version}." if decision.live_version else "Nothing is live yet."
        return "hold", decision.headline.replace(then, _live(run)).strip()
    last = next(reversed(stages), "the beginning")
    return "error", f"Stopped after {last}: the red task's log says why. {_live(run)}".strip()


def _promotion(run: Run, stages: dict[str, dict[str, Any]], decision: Decision | None) -> str | None:
    """The sentence of a promotion; None if the run promoted nothing. Nothing that goes wrong afterwards undoes it."""
    promote = stages.get("promote", {})
    if promote.get("live_event"):
        return str(promote["message"])
    if decision is None or decision.outcome != "promote":
        return None
    try:
        # It may have been committed, and the process died before the stage could write so.
        return decision.promoted_headline if run.promoted_version else None
    except InfrastructureError:
        return None


def _trouble(stages: dict[str, dict[str, Any]]) -> list[str]:
    """What went wrong in stages of a run that was promoted all the same."""
    return [
        f"Afterwards stopped in {name}, which changes nothing for users: {record['error']}"
        for name, record in stages.items()
        if "error" in record
    ]


def _live(run: Run) -> str:
    """What is live as this report is written; nothing is said if the registry does not answer."""
    try:
        live = run.registry.release(run.kb).live
    except KbgateError:
        return ""
    return f"Live stays {live}." if live else "Nothing is live yet."


def _next_step(run: Run, outcome: str, waiting: Decision | None) -> str:
    if waiting:
        compare = f"kbgate diff --kb {run.kb} {waiting.live_version} {waiting.version}"
        return f"{compare}; if it is right: {promote_command(run.kb, waiting.version)}"
    if outcome == "hold":
        gates = run.folder.read_gates()
        n_bad_rows = run.folder.read_json(SUMMARY_FILE)["n_rows"] if run.folder.exists(SUMMARY_FILE) else 0
        ordered = [gates[name] for name in GATES.values() if name in gates]
        return after_hold(ordered, run.kb, run.folder.uri, n_bad_rows)
    complaints = f"kbgate versions --kb {run.kb}; if users complain: kbgate rollback --kb {run.kb} --reason '...'"
    return {
        "promoted": complaints,
        "promoted_by_hand": complaints,
        "built": promote_command(run.kb, "<version>"),
        "error": "mend what the message names and run again",
        "rolled_back": f"find the cause: kbgate versions --kb {run.kb}, kbgate diff --kb {run.kb} <version> <version>",
    }.get(outcome, "")


def _summary(stages: dict[str, dict[str, Any]], stage: str) -> dict[str, Any]:
    return dict(stages.get(stage, {}).get("summary", {}))


def _decision(run: Run) -> Decision | None:
    return Decision.from_json(run.folder.read_bytes(DECISION_FILE)) if run.folder.exists(DECISION_FILE) else None
