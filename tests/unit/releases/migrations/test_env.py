"""Alembic's entry: what it calls its own table, and that it leaves the rest of the database alone."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from kbgate.errors import InfrastructureError
from kbgate.releases.database import Database


def table_names(file: Path) -> set[str]:
    return set(sa.inspect(sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)).get_table_names())


def rows(file: Path, statement: str) -> list[tuple]:
    with sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool).connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def test_the_schema_version_is_kept_beside_airflows_and_never_in_it(tmp_path: Path) -> None:
    file = tmp_path / "shared.db"
    with sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('of Airflow')"))
    Database(f"sqlite:///{file}").migrate()
    assert rows(file, "SELECT version_num FROM alembic_version") == [("of Airflow",)]
    assert rows(file, "SELECT version_num FROM kbgate_schema_version") == [("0001",)]


def test_a_migration_that_cannot_finish_leaves_none_of_its_tables(tmp_path: Path) -> None:
    file = tmp_path / "registry.db"
    with sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text("CREATE TABLE lease (something INTEGER)"))
    with pytest.raises(InfrastructureError, match="lease already exists"):
        Database(f"sqlite:///{file}").migrate()
    assert table_names(file) == {"lease"}
