"""Move the live pointer back at once."""

from contextlib import suppress
from typing import Any

from kbgate.errors import InfrastructureError, KbgateError, UsageError
from kbgate.results import StageResult
from kbgate.run import Run

AIM_FILE = "rollback.json"


def roll_back(run: Run) -> StageResult:
    """Make the previous or the named version live again; asks no gate, waits for no lease and needs no file.

    What "previous" means is settled before the first try and kept, so that a retry cannot step back twice.

    Raises:
        UsageError: there is no such version to go back to, the store has lost it, or no version was named although the
            knowledge base was rolled back already.
        ConflictError: no version was named, and someone else moved the release while this was tried.
    """
    with suppress(InfrastructureError):
        # Its tables are at worst those of another kbgate, and may do.
        run.registry.migrate()
    before = run.registry.release(run.kb)
    aim = _kept_aim(run)
    if aim and _is_done(run, aim):
        return _result(run, str(aim["target"]), aim["from"], before.revision)
    warning = ""
    if not aim:
        aim = {"target": run.request.target or before.previous, "from": before.live, "revision": before.revision}
        try:
            run.folder.write_json(AIM_FILE, aim)
        except InfrastructureError as error:
            warning = f" The run's files could not be written: {error}"
    warning += _ask_store(run, aim["target"])
    named = run.request.target
    release = run.registry.rollback(
        run.kb,
        named,
        actor=run.request.actor,
        reason=run.request.reason,
        # Who names a version means it, whatever was promoted meanwhile.
        expected_revision=None if named else aim["revision"],
    )
    return _result(run, str(release.live), before.live, release.revision, warning)


def _kept_aim(run: Run) -> dict[str, Any]:
    """What an earlier try of this run set out to do; empty if there was none or its file cannot be read."""
    try:
        return dict(run.folder.read_json(AIM_FILE))
    except (KbgateError, OSError):
        return {}


def _is_done(run: Run, aim: dict[str, Any]) -> bool:
    """Whether an earlier try of this run moved the pointer and died before it could say so."""
    own = ("rolled_back", aim["target"], run.request.actor, run.request.reason)
    return any(
        event.revision > aim["revision"] and (event.kind, event.version_to, event.actor, event.reason) == own
        for event in run.registry.events(run.kb)
    )


def _ask_store(run: Run, target: str | None) -> str:
    """Refuse a version that the store has lost; a store that does not answer stops nobody, which the returned words say."""
    try:
        held = run.store.versions()
    except KbgateError as error:
        return f" Whether the store still holds it could not be asked: {error}"
    if target is None or target in held:
        return ""
    known = [found.version for found in run.registry.versions(run.kb) if found.state == "promoted"]
    if target not in known:
        return ""  # the registry says better why not
    raise UsageError(
        f"The store of {run.kb} has lost {target}, so users would find nothing; nothing was changed. Possible targets: "
        f"{', '.join(name for name in known if name in held) or 'none'}. Name one, or restore the store from its backup."
    )


def _result(run: Run, live: str, before: str | None, revision: int, warning: str = "") -> StageResult:
    event = {"version": live, "previous": before, "actor": run.request.actor}
    return StageResult(
        message=f"{run.kb} is back on {live}; it was {before}. No ingest promotes by itself until a person has promoted a "
        f"version.{warning}",
        summary={**event, "revision": revision},
        live_event={**event, "recall": run.registry.version(run.kb, live).facts.recall},
    )
