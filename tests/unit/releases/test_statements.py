from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from kbgate.errors import ConflictError, UsageError
from kbgate.releases import statements
from kbgate.releases.database import Database
from kbgate.releases.tables import IndexVersion, Release, VersionFacts

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = Database(f"sqlite:///{tmp_path}/registry.db")
    database.migrate()
    with database.write() as connection:
        yield connection
    database.close()


def add(connection: Connection, name: str, **fields: object) -> IndexVersion:
    known = {"kb": "kb", "version": name, "run_key": f"run of {name}", "state": "promoted", "kind": "ingest"}
    version = IndexVersion(**{**known, "parent": None, "actor": "a", "reason": "r", "created_at": NOW, **fields})
    statements.add_version(connection, version)
    return version


def promoted(connection: Connection, version: IndexVersion, before: str | None, kind: str = "promoted") -> None:
    statements.add_event(connection, kind, version, before, 1, NOW, "anna", "gates passed")


def test_a_version_is_read_as_it_was_added(connection: Connection) -> None:
    facts = VersionFacts(fingerprint="f", settings={"chunker": {"size_tokens": 240}}, n_chunks=7, recall=0.9)
    added = add(connection, "v1.0.0", facts=facts)
    assert statements.read_version(connection, "kb", "v1.0.0") == added
    assert statements.read_version_of_run(connection, "kb", "run of v1.0.0") == added
    assert statements.read_version_of_run(connection, "other", "run of v1.0.0") is None
    with pytest.raises(UsageError, match=r"kb has no version v9\.9\.9"):
        statements.read_version(connection, "kb", "v9.9.9")


def test_versions_are_in_the_order_of_their_numbers(connection: Connection) -> None:
    for name in ("v1.0.10", "v1.0.9", "v1.0.9-hotfix", "v1.0.0"):
        add(connection, name)
    names = [found.version for found in statements.read_versions(connection, "kb")]
    assert names == ["v1.0.0", "v1.0.9", "v1.0.9-hotfix", "v1.0.10"]


def test_a_change_touches_one_version(connection: Connection) -> None:
    add(connection, "v1.0.0"), add(connection, "v1.0.1"), add(connection, "v1.0.0", kb="other")
    statements.change_version(connection, "kb", "v1.0.0", state="collected")
    assert statements.read_version(connection, "kb", "v1.0.0").state == "collected"
    assert statements.read_version(connection, "kb", "v1.0.1").state == "promoted"
    assert statements.read_version(connection, "other", "v1.0.0").state == "promoted"


def test_locking_a_release_twice_makes_one_row_and_keeps_it(connection: Connection) -> None:
    add(connection, "v1.0.0")
    before = statements.lock_release(connection, "kb")
    assert before == Release("kb")
    after = replace(before, live="v1.0.0", revision=1)
    statements.move_release(connection, before, after)
    assert statements.lock_release(connection, "kb") == statements.read_release(connection, "kb") == after
    with pytest.raises(ConflictError, match="changed at the same moment"):
        statements.move_release(connection, before, replace(before, revision=7))


def test_what_was_live_before_is_read_from_the_last_promotion_and_must_still_exist(connection: Connection) -> None:
    first, second = add(connection, "v1.0.0"), add(connection, "v1.0.1")
    promoted(connection, first, None)
    promoted(connection, second, "v1.0.0")
    promoted(connection, first, "v1.0.1", "rolled_back")
    assert statements.live_before(connection, "kb", "v1.0.1") == "v1.0.0"
    assert statements.live_before(connection, "kb", "v1.0.0") is None
    statements.change_version(connection, "kb", "v1.0.0", state="collected")
    assert statements.live_before(connection, "kb", "v1.0.1") is None


def test_the_last_move_names_who_and_why_and_overlooks_what_moved_nothing(connection: Connection) -> None:
    assert statements.last_move(connection, "kb") is None
    assert statements.who_moved_last(connection, "kb") == ""
    first = add(connection, "v1.0.0")
    promoted(connection, first, None)
    promoted(connection, first, None, "blocked")
    wanted = " (anna promoted v1.0.0 at 2026-11-24 02:00:00 UTC: gates passed)"
    assert statements.who_moved_last(connection, "kb") == wanted
    last = statements.last_move(connection, "kb")
    assert last is not None
    assert (last.kind, last.version_to) == ("promoted", "v1.0.0")


def test_only_versions_that_were_live_are_offered_for_a_rollback(connection: Connection) -> None:
    add(connection, "v1.0.0", state="blocked")
    assert statements.rollback_targets(connection, "kb") == "Possible targets: none."
    add(connection, "v1.0.1"), add(connection, "v1.0.2")
    assert statements.rollback_targets(connection, "kb") == "Possible targets: v1.0.1, v1.0.2."
