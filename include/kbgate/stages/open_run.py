"""First stage: check what was asked, take the lease, note what is live."""

from datetime import UTC, datetime

from kbgate.errors import InfrastructureError, UsageError
from kbgate.evaluation.golden_set import load_golden_set
from kbgate.results import StageResult
from kbgate.run import REQUEST_FILE, START_FILE, Run, RunStart


def open_run(run: Run) -> StageResult:
    """Take the knowledge base's lease for this run and write what was true when it began.

    Raises:
        ConflictError: another run holds the lease.
        UsageError: its base version cannot be built on, or a hotfix has no reason or selects from no batch.
        GoldenSetError: recall could not be measured in the end.
        InfrastructureError: the store does not answer, or has lost the base version.
    """
    if run.request.kind == "hotfix" and not run.request.reason.strip():
        raise UsageError(
            "A hotfix needs a reason: it is kept in the history of the knowledge base. Give one and start it again."
        )
    if run.request.documents is not None and run.request.reads_base:
        raise UsageError(
            f"documents = {run.request.documents!r} selects among the documents of a batch, and no batch was named. "
            "Name one, or leave documents empty to cut and embed all of the base's own texts again."
        )
    if run.kb_settings.recall.golden_set is not None:
        # What is wrong with it is told now, and not after everything was embedded.
        load_golden_set(run.kb_settings.recall.golden_set)
    run.registry.migrate()
    take_lease(run)
    run.store.discard_unfinished()
    start = note_start(run)
    if start.base is not None and start.base not in run.store.versions():
        raise InfrastructureError(
            f"The store of {run.kb} does not hold {start.base}, which the registry knows. Check the store's address "
            f"(kb.{run.kb}.store.options) and that its data is there; restore it from its backup if it is lost."
        )
    return StageResult(
        message=f"Live is {start.live or 'nothing yet'}; building on {start.base or 'nothing'}"
        + (", everything anew" if start.rebuild and start.base else ""),
        summary=start.model_dump(),
    )


def take_lease(run: Run) -> None:
    """Take the knowledge base's lease for this run, or prolong it.

    Raises:
        ConflictError: another run holds it.
    """
    minutes = run.kb_settings.release.lease_minutes
    run.registry.acquire_lease(run.kb, run.request.run_key, run.request.kind, minutes)


def refuse_promoted(run: Run, unless_live: bool = False) -> None:
    """Stop a run that was promoted from working again: its texts and what its version was judged by must stay as they were.

    `unless_live` lets a stage pass whose run's version is the live one, so that it may be tried again.

    Raises:
        UsageError: this run was promoted already.
    """
    version = run.promoted_version
    if version is None:
        return
    live = run.registry.release(run.kb).live
    if not (unless_live and version == live):
        raise UsageError(f"This run was promoted already as {version}. Start a new run. Live is {live}.")


def note_start(run: Run) -> RunStart:
    """Write request and start of a run; needs no lease, so that a check by hand can use it."""
    release = run.registry.release(run.kb)
    base = run.request.base or release.live
    version = None if base is None else run.registry.version(run.kb, base)
    if version is not None and version.state == "collected":
        raise UsageError(
            f"{base} was deleted by garbage collection and cannot be built on. `kbgate versions --kb {run.kb}` lists those that can."
        )
    if run.request.kind == "hotfix" and base is None:
        raise UsageError(f"{run.kb} has no version yet to repair. Run kb_ingest first.")
    start = RunStart(
        live=release.live,
        base=base,
        revision=release.revision,
        settings_hash=run.settings_hash,
        rebuild=version is None or version.facts.settings != run.index_settings,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    run.folder.write_json(REQUEST_FILE, run.request.model_dump(mode="json"))
    run.folder.write_json(START_FILE, start.model_dump())
    return start
