"""The statements inside one transaction; tests/contract/test_registry.py proves the same rules between processes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from kbgate.errors import ConflictError, UsageError
from kbgate.releases import lease
from kbgate.releases.database import Database
from kbgate.releases.tables import Lease

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = Database(f"sqlite:///{tmp_path}/registry.db")
    database.migrate()
    with database.write() as connection:
        yield connection
    database.close()


def test_the_message_to_the_second_taker_says_how_to_free_a_dead_runs_lease(connection: Connection) -> None:
    lease.acquire(connection, "kb", "run-1", "ingest", 60, NOW)
    with pytest.raises(ConflictError, match=r"kbgate unlock --kb kb --owner run-1\."):
        lease.acquire(connection, "kb", "run-2", "hotfix", 60, NOW)


def test_a_lease_ends_with_its_last_instant(connection: Connection) -> None:
    held = lease.acquire(connection, "kb", "run-1", "ingest", 60, NOW)
    with pytest.raises(ConflictError):
        lease.acquire(connection, "kb", "run-2", "ingest", 60, NOW + HOUR - timedelta(seconds=1))
    assert lease.read(connection, "kb") == held
    taken = lease.acquire(connection, "kb", "run-2", "ingest", 60, NOW + HOUR)
    assert lease.read(connection, "kb") == taken == Lease("kb", "run-2", "ingest", NOW + HOUR, NOW + 2 * HOUR)


def test_an_expired_lease_is_prolonged_if_nobody_took_it(connection: Connection) -> None:
    lease.acquire(connection, "kb", "run-1", "ingest", 60, NOW)
    renewed = lease.acquire(connection, "kb", "run-1", "ingest", 60, NOW + 3 * HOUR)
    assert lease.read(connection, "kb") == renewed == Lease("kb", "run-1", "ingest", NOW, NOW + 4 * HOUR)


def test_only_the_owner_gives_a_lease_back_and_only_of_this_knowledge_base(connection: Connection) -> None:
    for kb in ("kb", "other"):
        lease.acquire(connection, kb, "run-1", "ingest", 60, NOW)
    assert not lease.give_back(connection, "kb", "run-2")
    assert lease.give_back(connection, "kb", "run-1")
    assert lease.read(connection, "kb") is None
    assert lease.read(connection, "other") is not None


@pytest.mark.parametrize("minutes", [0, -5])
def test_a_lease_of_no_time_is_refused(connection: Connection, minutes: int) -> None:
    with pytest.raises(UsageError, match=f"{minutes} minutes"):
        lease.acquire(connection, "kb", "run-1", "ingest", minutes, NOW)
