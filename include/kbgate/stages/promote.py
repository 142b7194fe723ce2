"""Verify the decision and move the live pointer."""

from kbgate.errors import ArtifactError, UsageError
from kbgate.releases.decision import Decision, verify
from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.stages.decide import DECISION_FILE


def promote(run: Run) -> StageResult:
    """Promote what this run built, unless it was asked only to build.

    Raises:
        ArtifactError: the decision or a gate's file is not what it was.
        ConflictError: the release has moved since the run began.
    """
    if not run.request.promote:
        record = _verified(run)
        return StageResult(
            message=f"{record.version} passed and waits: this run was asked only to build. Promote it with `kbgate promote`.",
            skipped=True,
        )
    return move_pointer(run, run.request.actor, run.request.reason)


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
    if record.outcome != "promote":
        raise UsageError(f"{record.version} is held by its decision: {record.headline} It cannot be promoted.")
    return record
