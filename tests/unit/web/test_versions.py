from pathlib import Path

import pytest

from kbgate.errors import InfrastructureError
from kbgate.releases.database import Database
from kbgate.releases.registry import Registry
from kbgate.releases.statements import add_event
from kbgate.run import registry_dsn
from kbgate.settings import Settings
from kbgate.web.versions import PAGE_VERSIONS, SHOWN_EVENTS, open_registry, read_versions
from small_kb import KB, SmallKb


def test_versions_come_newest_first_with_what_the_release_uses_them_for(web_kb: SmallKb) -> None:
    found = read_versions(web_kb.settings, KB)
    assert [(row.version.version, row.role) for row in found.rows] == [("v1.0.1", "live"), ("v1.0.0", "previous")]
    assert found.names == ("v1.0.1", "v1.0.0")
    assert (found.release.live, found.release.previous, found.release.revision) == ("v1.0.1", "v1.0.0", 2)


def test_events_come_newest_first_and_none_is_changed(web_kb: SmallKb) -> None:
    found = read_versions(web_kb.settings, KB)
    written = web_kb.reader().registry.events(KB)
    assert list(found.events) == written[::-1]
    assert [event.kind for event in found.events] == ["promoted", "candidate"] * 2
    assert found.n_earlier_events == 0


def test_a_knowledge_base_that_was_never_ingested_has_no_versions_and_looking_makes_no_registry(
    small_kb: SmallKb,
) -> None:
    found = read_versions(small_kb.settings, KB)
    assert (found.release.live, found.rows, found.events, found.n_pages) == (None, (), (), 1)
    assert list(Path(small_kb.settings.artifact_root).iterdir()) == []


def many_versions(settings: Settings, n: int) -> None:
    registry = Registry(registry_dsn(settings))
    registry.migrate()
    for number in range(n):
        registry.reserve_version(
            KB, f"run-{number}", kind="ingest", base=None, bump="patch", actor="tester", reason="one of many"
        )


def test_versions_are_shown_a_page_at_a_time(small_kb: SmallKb) -> None:
    many_versions(small_kb.settings, PAGE_VERSIONS + 3)
    first, last = read_versions(small_kb.settings, KB), read_versions(small_kb.settings, KB, 2)
    assert (len(first.rows), len(last.rows), first.n_pages) == (PAGE_VERSIONS, 3, 2)
    assert not {row.version.version for row in first.rows} & {row.version.version for row in last.rows}
    assert len(first.names) == PAGE_VERSIONS + 3
    assert read_versions(small_kb.settings, KB, 999) == last


def test_of_a_long_history_the_latest_events_are_shown(web_kb: SmallKb) -> None:
    version = web_kb.reader().registry.version(KB, "v1.0.1")
    with Database(registry_dsn(web_kb.settings)).write() as connection:
        for number in range(SHOWN_EVENTS):
            add_event(connection, "rolled_back", version, None, 3, version.created_at, "tester", f"turn {number}")
    found = read_versions(web_kb.settings, KB)
    assert (len(found.events), found.n_earlier_events) == (SHOWN_EVENTS, 4)
    assert found.events[0].reason == f"turn {SHOWN_EVENTS - 1}"


def test_a_registry_that_cannot_be_reached_is_told(web_kb: SmallKb) -> None:
    database = web_kb.folder / "artifacts" / "registry.db"
    database.write_bytes(b"no database")
    with pytest.raises(InfrastructureError, match="registry"), open_registry(web_kb.settings) as registry:
        registry.release(KB)
