"""Drop versions that no release names and that are older than those to keep."""

from kbgate.artifacts import RunFolder
from kbgate.releases.retention import collectable
from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.stages.chunk_documents import CHUNKS_FILE
from kbgate.stages.embed_chunks import VECTORS_FILE


def collect_garbage(run: Run) -> StageResult:
    """Delete the data of versions that nobody can go back to; live, previous, canary and the last N stay.

    The texts, ledger and gate files of a run stay: later versions read their texts there, and people read the rest.
    """
    keep = run.kb_settings.release.keep_versions
    versions = run.registry.versions(run.kb)
    names = collectable(versions, run.registry.release(run.kb), keep)
    for name in names:
        run.registry.mark_collected(run.kb, name, actor=run.request.actor, reason=f"older than the last {keep}")
    # A collection that died after marking is finished here as well.
    gone = {
        version.version: version.run_key
        for version in versions
        if version.version in names or version.state == "collected"
    }
    for name in sorted(gone.keys() & set(run.store.versions())):
        run.store.drop(name, protected=run.protected_versions())
    for run_key in {*gone.values(), run.request.run_key}:
        RunFolder(run.settings.artifact_root, run.kb, run_key).clear(VECTORS_FILE, CHUNKS_FILE)
    return StageResult(
        message=f"{len(names)} old versions deleted: {', '.join(names)}."
        if names
        else "No version is old enough to delete.",
        summary={"collected": names},
    )
