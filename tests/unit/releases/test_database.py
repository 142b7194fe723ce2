import sqlite3
import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from kbgate.errors import InfrastructureError, SettingsError
from kbgate.releases.database import Database
from kbgate.releases.registry import Registry


def sqlite_dsn(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/registry.db"


def test_sqlite_waits_for_locks_keeps_foreign_keys_and_writes_ahead(tmp_path: Path) -> None:
    database = Database(sqlite_dsn(tmp_path))
    database.migrate()
    with database.read() as connection:
        found = {name: connection.scalar(sa.text(f"PRAGMA {name}")) for name in ("foreign_keys", "busy_timeout")}
        assert found == {"foreign_keys": 1, "busy_timeout": 30_000}
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"


def test_a_writer_locks_before_it_reads(tmp_path: Path) -> None:
    database = Database(sqlite_dsn(tmp_path))
    database.migrate()
    order = []

    def second() -> None:
        with database.write():
            order.append("second")

    with database.write():
        other = threading.Thread(target=second)
        other.start()
        other.join(timeout=0.3)
        order.append("first")
    other.join(timeout=30)
    assert order == ["first", "second"]


def test_readers_are_not_held_up_by_a_writer(tmp_path: Path) -> None:
    registry = Registry(sqlite_dsn(tmp_path))
    registry.migrate()
    with Database(sqlite_dsn(tmp_path)).write():
        assert registry.release("helpdesk").revision == 0


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        ("registry.db", "is not a SQLAlchemy URL"),
        ("postgresql://anna:s3cret@host:not-a-port/db", "is not a SQLAlchemy URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://anna:s3cret@host/db", "names a mysql database"),
        ("postgresql://anna:s3cret@host/db?sslmode=sometimes", "sslmode=sometimes"),
    ],
)
def test_a_wrong_dsn_is_a_settings_error_without_the_password(dsn: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        Registry(dsn)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+pg8000"])
def test_every_postgresql_address_uses_pg8000(scheme: str) -> None:
    database = Database(f"{scheme}://anna:s3cret@host/db?sslmode=require")
    assert database._engine.driver == "pg8000"
    assert database._engine.url.query == {}


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(InfrastructureError, match=r"anna:\*\*\*@127\.0\.0\.1:1/kb") as caught:
        Registry("postgresql://anna:s3cret@127.0.0.1:1/kb").release("helpdesk")
    assert "s3cret" not in str(caught.value)


def test_a_registry_without_tables_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="the first `kbgate ingest` does that"):
        Registry(sqlite_dsn(tmp_path)).release("helpdesk")


@pytest.mark.parametrize("parameter", ["connect_timeout=5", "keepalives=1&sslmode=disable", "__extra__=%7B%7D"])
def test_a_parameter_that_the_driver_does_not_take_is_named(parameter: str) -> None:
    with pytest.raises(
        SettingsError, match=rf"registry\.dsn has the parameter {parameter.partition('=')[0]}, which"
    ) as caught:
        Registry(f"postgresql://anna:s3cret@127.0.0.1:1/kb?{parameter}")
    assert "s3cret" not in str(caught.value)


def test_tables_of_a_newer_kbgate_are_named_and_left_alone(tmp_path: Path) -> None:
    registry = Registry(sqlite_dsn(tmp_path))
    registry.migrate()
    with sqlite3.connect(tmp_path / "registry.db") as connection:
        connection.execute("UPDATE kbgate_schema_version SET version_num = '9999'")
    with pytest.raises(InfrastructureError, match=r"made by a newer kbgate than this one.*9999"):
        registry.migrate()
    assert registry.versions("helpdesk") == []


def test_looking_for_tables_makes_neither_them_nor_a_file(tmp_path: Path) -> None:
    registry = Registry(sqlite_dsn(tmp_path))
    assert not registry.has_tables()
    assert list(tmp_path.iterdir()) == []
    registry.migrate()
    assert registry.has_tables()


def test_a_file_that_is_no_database_is_an_infrastructure_error(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_text("not a database, but long enough to be looked at" * 100)
    with pytest.raises(InfrastructureError, match="not a database"):
        Registry(sqlite_dsn(tmp_path)).migrate()


def test_a_path_through_a_file_is_an_infrastructure_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InfrastructureError, match="Check that the folder can be written"):
        Registry(f"sqlite:///{tmp_path}/file/registry.db").migrate()


def test_a_percent_sign_in_a_path_is_no_trouble(tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path}/100% sure/registry.db")
    registry.migrate()
    assert registry.versions("helpdesk") == []
    assert stat.S_ISREG((tmp_path / "100% sure" / "registry.db").stat().st_mode)
