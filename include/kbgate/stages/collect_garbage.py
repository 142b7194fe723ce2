"""Drop versions that no release names and that are older than those to keep."""

from contextlib import suppress

from kbgate.errors import UsageError
from kbgate.releases.retention import collectable
from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.run_folders import RunFolders
from kbgate.stages.chunk_documents import CHUNKS_FILE
from kbgate.stages.embed_chunks import VECTORS_FILE


def collect_garbage(run: Run) -> StageResult:
    """Delete the data of versions that nobody can go back to; live, previous, canary and the last N stay.

    The texts, ledger and gate files of a run stay: later versions read their texts there, and people read the rest. The run
    must hold the lease, so that no other run is building on what is deleted.
    """
    keep = run.kb_settings.release.keep_versions
    names = []
    for name in collectable(run.registry.versions(run.kb), run.registry.release(run.kb), keep):
        # Somebody may have rolled back to it a moment ago, and then it stays.
        with suppress(UsageError):
            run.registry.mark_collected(run.kb, name, actor=run.request.actor, reason=f"older than the last {keep}")
            names.append(name)
    # A collection that died after marking is finished here as well.
    versions = run.registry.versions(run.kb)
    gone = {version.version for version in versions if version.state == "collected"}
    for name in sorted(gone & set(run.store.versions())):
        run.store.drop(name, protected=run.protected_versions())
    # A candidate's stages may be run again; what was promoted needs neither chunks nor vectors beside the store's.
    waiting = {found.run_key for found in versions if found.state not in ("promoted", "collected")}
    if run.promoted_version is None:
        waiting.add(run.request.run_key)
    RunFolders(run.settings.artifact_root, run.kb).clear(CHUNKS_FILE, VECTORS_FILE, keep=waiting)
    return StageResult(
        message=f"{len(names)} old versions deleted: {', '.join(names)}."
        if names
        else "No version is old enough to delete.",
        summary={"collected": names},
    )
