"""Verify the decision and move the live pointer."""

from kbgate.errors import ArtifactError, UsageError
from kbgate.releases.decision import Decision, verify
from kbgate.releases.ledger import ledger_hash
from kbgate.results import StageResult
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.decide import DECISION_FILE


def promote(run: Run) -> StageResult:
    """Promote what this run built, unless it was asked only to build or an ingest comes after a rollback.

    What was rolled back is most likely in tonight's batch again, and the gates let it pass once already: so after a rollback
    no ingest promotes by itself until a person has promoted something.

    Raises:
        ArtifactError: the decision or a gate's file is not what it was.
        ConflictError: the release has moved since the run began.
    """
    record = _verified(run)
    by_hand = f"`{promote_command(run.kb, record.version)}` or the DAG kb_promote__{run.kb}"
    if not run.request.promote:
        return StageResult(
            message=f"{record.version} passed and waits: this run was asked only to build. Promote it with {by_hand}.",
            skipped=True,
        )
    rollback = run.registry.standing_rollback(run.kb) if run.request.kind == "ingest" else None
    # A run that began before the rollback was not compared with what is live now: moving the pointer says so.
    if rollback is not None and rollback.revision == record.base_revision:
        return StageResult(
            message=f"{record.version} passed every gate and waits: {rollback.version_from} was rolled back by "
            f"{rollback.actor} ({rollback.reason}). Live stays {rollback.version_to}. Look at `kbgate diff --kb {run.kb} "
            f"{rollback.version_to} {record.version}`, then promote it with {by_hand}.",
            holds=True,
            summary={"version": record.version},
        )
    return move_pointer(run, run.request.actor, run.request.reason)


def promote_command(kb: str, version: str) -> str:
    """The command by which a person makes a candidate live."""
    return f"kbgate promote --kb {kb} {version} --reason '...'"


def move_pointer(run: Run, actor: str, reason: str) -> StageResult:
    """Verify the run's decision record and make its version live in one transaction."""
    record = _verified(run)
    if not any(record.version == name for name in run.store.versions()):
        raise ArtifactError(
            f"The store of {run.kb} has no version {record.version}. Nothing was promoted. Run the ingest again."
        )
    release = run.registry.promote(
        run.kb,
        record.version,
        expected_revision=record.base_revision,
        decision_hash=record.hash,
        actor=actor,
        reason=reason,
    )
    version = run.registry.version(run.kb, record.version)
    return StageResult(
        message=record.promoted_headline,
        summary={"version": record.version, "previous": release.previous, "revision": release.revision},
        live_event={
            "version": record.version,
            "previous": release.previous,
            "recall": version.facts.recall,
            "actor": actor,
        },
    )


def _verified(run: Run) -> Decision:
    record = Decision.from_json(run.folder.read_bytes(DECISION_FILE))
    verify(record, run.folder.gate_files())
    found = {"run": run.request.run_key, "ledger": ledger_hash(run.folder.read_table(LEDGER_FILE).to_pandas())}
    for name, wanted in {"run": record.run_key, "ledger": record.inputs.get("ledger")}.items():
        if found[name] != wanted:
            raise ArtifactError(
                f"The decision record of {run.kb} {record.version} was made for the {name} {wanted}, but {run.folder.uri} has "
                f"{found[name]}: it was changed afterwards. Nothing was promoted. Start a new run."
            )
    if record.outcome != "promote":
        raise UsageError(f"{record.version} is held by its decision: {record.headline} It cannot be promoted.")
    return record
