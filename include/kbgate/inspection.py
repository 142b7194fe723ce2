"""Look at versions without changing anything: list, describe, compare."""

from dataclasses import asdict
from typing import Any

from kbgate.errors import ArtifactError
from kbgate.releases.diff import diff_versions
from kbgate.run import LEDGER_FILE, Run, RunRequest
from kbgate.settings import Settings
from kbgate.stages.check_documents import PROFILE_FILE


def list_versions(settings: Settings, kb: str) -> dict[str, Any]:
    """Return the release and every version, newest first; `role` says what the release uses it for."""
    registry = _reader(settings, kb).registry
    registry.migrate()
    release = registry.release(kb)
    roles = {release.previous: "previous", release.canary: "canary", release.live: "live"}
    versions = [
        {
            "version": version.version,
            "role": roles.get(version.version, ""),
            "state": version.state,
            "kind": version.kind,
            "n_documents": version.facts.n_documents,
            "n_chunks": version.facts.n_chunks,
            "recall": version.facts.recall,
            "parent": version.parent,
            "actor": version.actor,
            "reason": version.reason,
            "created_at": f"{version.created_at:%Y-%m-%d %H:%M:%S}",
            "run_key": version.run_key,
        }
        for version in reversed(registry.versions(kb))
    ]
    return {**asdict(release), "versions": versions}


def describe_version(settings: Settings, kb: str, name: str) -> dict[str, Any]:
    """Return a version's registry row, the gates that judged it, and its events.

    Raises:
        UsageError: there is no such version.
    """
    run = _reader(settings, kb)
    run.registry.migrate()
    version = run.registry.version(kb, name)
    events = [asdict(event) for event in run.registry.events(kb) if name in (event.version_from, event.version_to)]
    gates = run.version_folder(name).read_gates() if version.state != "collected" else {}
    return {
        "version": asdict(version),
        "gates": [gate.model_dump(mode="json") for gate in gates.values()],
        "events": events,
    }


def compare_versions(settings: Settings, kb: str, before: str, after: str) -> dict[str, Any]:
    """Return how two versions differ: documents, settings, profile, recall.

    Raises:
        UsageError: a version does not exist.
        ArtifactError: a version was collected, its files are gone.
    """
    run = _reader(settings, kb)
    run.registry.migrate()
    versions, ledgers, profiles = [], [], []
    for name in (before, after):
        version = run.registry.version(kb, name)
        folder = run.version_folder(name)
        if not folder.exists(LEDGER_FILE):
            raise ArtifactError(
                f"{name} has no ledger in {folder.uri}: it is {version.state}. Compare versions that are still kept."
            )
        versions.append(version)
        ledgers.append(folder.read_table(LEDGER_FILE).to_pandas())
        profiles.append(folder.read_json(PROFILE_FILE))
    return diff_versions(versions[0], versions[1], ledgers[0], ledgers[1], profiles[0], profiles[1]).to_dict()


def _reader(settings: Settings, kb: str) -> Run:
    request = RunRequest(kb=kb, run_key="inspection", actor="reader", reason="look at versions")
    return Run(settings, request)
