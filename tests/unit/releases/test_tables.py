"""What the tables themselves refuse; the registry's contract tests hold the same on PostgreSQL."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from kbgate.releases import tables
from kbgate.releases.database import Database

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
VERSION = {
    "kb": "kb",
    "version": "v1.0.0",
    "run_key": "run 1",
    "state": "candidate",
    "kind": "ingest",
    "actor": "a",
    "reason": "r",
    "created_at": NOW,
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = Database(f"sqlite:///{tmp_path}/registry.db")
    database.migrate()
    with database.write() as connection:
        yield connection
    database.close()


@pytest.mark.parametrize(
    ("row", "table"),
    [
        (tables.IndexVersion, tables.index_version),
        (tables.Release, tables.release),
        (tables.Event, tables.event),
        (tables.Lease, tables.lease),
    ],
)
def test_a_row_has_the_columns_of_its_table(row: Any, table: Any) -> None:
    names = {field.name for field in fields(row)} - {"facts"}
    facts = {field.name for field in fields(tables.VersionFacts)} if row is tables.IndexVersion else set()
    assert names | facts == set(table.columns.keys())


def test_an_instant_of_another_zone_comes_back_in_utc(connection: Connection) -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    connection.execute(insert(tables.index_version).values({**VERSION, "created_at": there}))
    created, promoted = connection.execute(
        select(tables.index_version.c.created_at, tables.index_version.c.promoted_at)
    ).one()
    assert (created, created.tzinfo, promoted) == (NOW, UTC, None)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"state": "half done"},
        {"kind": "rollback"},
        {"parent": "v0.9.0"},
        {"actor": None},
        {"run_key": "run 1", "version": "v1.0.1"},
    ],
    ids=str,
)
def test_a_version_that_cannot_be_is_refused(connection: Connection, spoilt: dict[str, Any]) -> None:
    connection.execute(insert(tables.index_version).values(VERSION))
    connection.execute(insert(tables.index_version).values({**VERSION, "version": "v1.0.2", "run_key": "run 2"}))
    with pytest.raises(IntegrityError):
        connection.execute(
            insert(tables.index_version).values({**VERSION, "version": "v1.0.3", "run_key": "run 3", **spoilt})
        )


@pytest.mark.parametrize("spoilt", [{"live": "v7.0.0"}, {"previous": "v7.0.0"}, {"canary": "v7.0.0"}, {"weight": 101}])
def test_a_release_names_versions_that_exist_and_a_weight_in_percent(
    connection: Connection, spoilt: dict[str, Any]
) -> None:
    connection.execute(insert(tables.index_version).values(VERSION))
    sound = {"kb": "kb", "live": "v1.0.0", "weight": 100, "revision": 1}
    with pytest.raises(IntegrityError):
        connection.execute(insert(tables.release).values({**sound, **spoilt}))
    connection.execute(insert(tables.release).values(sound))
