"""The versions of a knowledge base, what the release uses them for, and everything that happened to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kbgate.releases.registry import Registry
from kbgate.releases.tables import Event, IndexVersion, Release
from kbgate.run import registry_dsn
from kbgate.settings import Settings

PAGE_VERSIONS = 50
SHOWN_EVENTS = 200


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version; `role` is live, previous, canary or ""."""

    version: IndexVersion
    role: str


@dataclass(frozen=True, slots=True)
class VersionsResult:
    """One page of versions and the latest events, both newest first.

    `names` are those of all versions, newest first; `n_earlier_events` counts the events that are not shown.
    """

    release: Release
    names: tuple[str, ...]
    rows: tuple[VersionRow, ...]
    page: int
    n_pages: int
    events: tuple[Event, ...]
    n_earlier_events: int


def read_versions(settings: Settings, kb: str, page: int = 1) -> VersionsResult:
    """Read the registry; a page has 50 versions, and one beyond the last is the last. Before the first ingest there are none.

    Raises:
        InfrastructureError: the registry does not answer.
    """
    with open_registry(settings) as registry:
        release, versions, events = Release(kb), list[IndexVersion](), list[Event]()
        if registry.has_tables():
            release, versions, events = registry.release(kb), registry.versions(kb), registry.events(kb)
    versions.sort(key=lambda found: found.created_at, reverse=True)
    events.reverse()
    n_pages = max(1, -(-len(versions) // PAGE_VERSIONS))
    page = min(max(page, 1), n_pages)
    shown = versions[(page - 1) * PAGE_VERSIONS : page * PAGE_VERSIONS]
    roles = {release.previous: "previous", release.canary: "canary", release.live: "live"}
    return VersionsResult(
        release=release,
        names=tuple(found.version for found in versions),
        rows=tuple(VersionRow(found, roles.get(found.version, "")) for found in shown),
        page=page,
        n_pages=n_pages,
        events=tuple(events[:SHOWN_EVENTS]),
        n_earlier_events=max(0, len(events) - SHOWN_EVENTS),
    )


@contextmanager
def open_registry(settings: Settings) -> Iterator[Registry]:
    """Give the registry as it is, and its connections back at the end; pages never make or change its tables."""
    registry = Registry(registry_dsn(settings))
    try:
        yield registry
    finally:
        registry.close()
