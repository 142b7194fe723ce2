"""Move the live pointer back at once."""

from kbgate.results import StageResult
from kbgate.run import Run

AIM_FILE = "rollback.json"


def roll_back(run: Run) -> StageResult:
    """Make the previous or the named version live again; asks no gate and waits for no lease.

    What "previous" means is settled before the first try and kept, so that a retry cannot step back twice.

    Raises:
        UsageError: there is no such version to go back to.
        ConflictError: someone else moved the release while this was tried.
    """
    run.registry.migrate()
    release = run.registry.release(run.kb)
    if run.folder.exists(AIM_FILE):
        aim = run.folder.read_json(AIM_FILE)
    else:
        aim = {"target": run.request.target or release.previous, "from": release.live, "revision": release.revision}
        run.folder.write_json(AIM_FILE, aim)
    if release.live != aim["target"] or release.revision == aim["revision"]:
        release = run.registry.rollback(
            run.kb,
            aim["target"],
            actor=run.request.actor,
            reason=run.request.reason,
            expected_revision=aim["revision"],
        )
    recall = run.registry.version(run.kb, str(release.live)).facts.recall
    event = {"version": release.live, "previous": aim["from"], "actor": run.request.actor}
    return StageResult(
        message=f"{run.kb} is back on {release.live}; it was {aim['from']}.",
        summary={**event, "revision": release.revision},
        live_event={**event, "recall": recall},
    )
