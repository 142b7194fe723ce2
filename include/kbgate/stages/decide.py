"""Re-read every gate's file and write the decision."""

import hashlib

from kbgate.corpus import BATCH_FILE
from kbgate.pipeline import GATES
from kbgate.releases import decision
from kbgate.releases.ledger import ledger_hash
from kbgate.releases.tables import VersionFacts
from kbgate.results import StageResult
from kbgate.run import LEDGER_FILE, START_FILE, Run
from kbgate.stages.build_candidate import CANDIDATE_FILE
from kbgate.stages.plan_changes import PLAN_FILE, change_counts, read_plan

DECISION_FILE = "decision.json"
NO_CANDIDATE = "the candidate (none was built)"


def decide(run: Run) -> StageResult:
    """Write `decision.json` from the gates' files alone, and record in the registry whether the version may be promoted."""
    if not run.folder.exists(START_FILE):
        return StageResult(message="The run did not begin, so nothing may be promoted: see open_run.", holds=True)
    plan = run.folder.read_json("stages/plan_changes.json") if run.folder.exists("stages/plan_changes.json") else {}
    held = any(run.holds(gate) for gate in run.folder.read_gates().values())
    if plan.get("skipped") and run.folder.exists(PLAN_FILE) and not held:
        return StageResult(message=f"{plan['message']} There is nothing to decide.", skipped=True)
    files = run.folder.gate_files()
    built = run.folder.exists(CANDIDATE_FILE)
    version = run.folder.read_json(CANDIDATE_FILE)["version"] if built else NO_CANDIDATE
    record = decision.decide(
        list(run.folder.read_gates().values()),
        {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        tuple(GATES.values()),
        kb=run.kb,
        version=version,
        run_key=run.request.run_key,
        live_version=run.start.live,
        base_revision=run.start.revision,
        inputs=_input_hashes(run),
        first_ingest=run.kb_settings.release.first_ingest,
        actor=run.request.actor,
    )
    run.folder.write_bytes(DECISION_FILE, record.to_json())
    if built:
        _record(run, version, record)
    return StageResult(
        message=record.headline
        if record.outcome == "promote"
        else " ".join([record.headline, "Reasons:", *record.reasons]),
        holds=record.outcome == "hold",
        summary={"outcome": record.outcome, "version": version, "decision_hash": record.hash},
    )


def _record(run: Run, version: str, record: decision.Decision) -> None:
    counts = change_counts(read_plan(run))
    ledger = run.folder.read_table(LEDGER_FILE).to_pandas()
    recall = record.gates.get("recall")
    measured = [m.value for m in recall.measurements if m.name == "recall_at_k"] if recall else []
    facts = VersionFacts(
        fingerprint=run.embedder.fingerprint.digest,
        settings=run.index_settings,
        n_documents=len(ledger),
        n_chunks=run.folder.read_json(CANDIDATE_FILE)["n_chunks"],
        n_added=counts["added"],
        n_changed=counts["changed"],
        n_removed=counts["removed"],
        ledger_hash=ledger_hash(ledger),
        golden_hash=record.inputs.get("golden_set"),
        recall=measured[0] if measured else None,
    )
    actor = run.request.actor
    if record.outcome == "promote":
        run.registry.record_candidate(run.kb, version, facts=facts, decision_hash=record.hash, actor=actor)
    else:
        run.registry.mark_blocked(
            run.kb, version, facts=facts, decision_hash=record.hash, actor=actor, reason=record.headline
        )


def _input_hashes(run: Run) -> dict[str, str]:
    hashes = {"settings": run.settings_hash}
    if run.folder.exists(BATCH_FILE):
        hashes["documents"] = hashlib.sha256(run.folder.read_bytes(BATCH_FILE)).hexdigest()
    if run.folder.exists(LEDGER_FILE):
        hashes["ledger"] = ledger_hash(run.folder.read_table(LEDGER_FILE).to_pandas())
    golden = run.folder.read_gates().get("golden_set")
    if golden is not None and golden.versions.get("golden_set"):
        hashes["golden_set"] = str(golden.versions["golden_set"])
    return hashes
