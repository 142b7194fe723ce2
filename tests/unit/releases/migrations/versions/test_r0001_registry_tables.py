"""The first migration makes just what tables.py declares, and is never undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

from kbgate.releases.migrations.versions import r0001_registry_tables as migration
from kbgate.releases.tables import metadata


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sa.Connection]:
    """A database on which only this migration was run, without Alembic's own table."""
    with sa.create_engine(f"sqlite:///{tmp_path}/registry.db", poolclass=sa.NullPool).connect() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            migration.upgrade()
        yield connection


def test_it_makes_exactly_the_tables_and_columns_that_are_declared(connection: sa.Connection) -> None:
    inspector = sa.inspect(connection)
    made = {name: [column["name"] for column in inspector.get_columns(name)] for name in inspector.get_table_names()}
    assert made == {table.name: [column.name for column in table.columns] for table in metadata.sorted_tables}
    assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_table_that_is_not_declared_would_be_noticed(connection: sa.Connection) -> None:
    connection.execute(sa.text("ALTER TABLE event ADD COLUMN note VARCHAR"))
    assert compare_metadata(MigrationContext.configure(connection), metadata) != []


def test_it_forbids_what_the_declaration_forbids(connection: sa.Connection) -> None:
    inspector = sa.inspect(connection)
    for table in metadata.sorted_tables:
        declared = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        assert {check["name"] for check in inspector.get_check_constraints(table.name)} == declared
        keys = {tuple(key["constrained_columns"]) for key in inspector.get_foreign_keys(table.name)}
        assert keys == {tuple(key.column_keys) for key in table.foreign_key_constraints}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET actor = 'nobody'",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event VALUES (1, 'kb', '2026', 'promoted', NULL, 'v2', 'nobody', 'x', NULL, 1)",
    ],
)
def test_its_triggers_keep_the_history(connection: sa.Connection, statement: str) -> None:
    row = "1, 'kb', '2026-11-24', 'promoted', NULL, 'v1.0.0', 'ada', 'nightly', NULL, 1"
    connection.execute(sa.text(f"INSERT INTO event VALUES ({row})"))
    with pytest.raises(sa.exc.IntegrityError, match="event is append-only"):
        connection.execute(sa.text(statement))
    assert connection.scalar(sa.text("SELECT actor FROM event")) == "ada"


def test_going_back_is_refused_and_deletes_nothing(connection: sa.Connection) -> None:
    with (
        Operations.context(MigrationContext.configure(connection)),
        pytest.raises(NotImplementedError, match="restore a backup"),
    ):
        migration.downgrade()
    assert set(sa.inspect(connection).get_table_names()) == set(metadata.tables)
