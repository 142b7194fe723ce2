"""The registry's SQL database: opening it, reading, writing in one transaction, and bringing its tables up to date."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from kbgate.errors import InfrastructureError, SettingsError
from kbgate.postgres_tls import split_tls

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK_SECONDS = 30
# Any constant will do; it only has to be the same in every process of kbgate.
POSTGRES_PARAMETERS = {"sslmode", "sslrootcert", "unix_sock"}
"""What may stand after the ? of a PostgreSQL address."""
MIGRATION_LOCK = 0x6B62_6761_7465


class Database:
    """A SQLite file or a PostgreSQL server, named by a SQLAlchemy URL; connects when first used.

    Every error of the database is raised as `InfrastructureError`, without the password.

    Raises:
        SettingsError: the URL is malformed, or names another kind of database.
    """

    def __init__(self, dsn: str) -> None:
        self._url = _supported_url(dsn)
        self._engine = _sqlite_engine(self._url) if self.is_sqlite else _postgres_engine(self._url)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file, and not PostgreSQL."""
        return self._url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading; nothing is kept."""
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in one transaction: kept as a whole at the end, or not at all if anything is raised."""
        with self._explained(), self._engine.connect() as connection:
            connection = connection.execution_options(kbgate_write=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
                yield connection

    def migrate(self) -> None:
        """Create the tables or bring them up to date; harmless when they are, and when several processes do it at once.

        Raises:
            InfrastructureError: the database does not answer, or its tables were made by a newer kbgate.
        """
        if self.is_sqlite:
            self._prepare_file()
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise self._newer(error) from error

    def has_tables(self) -> bool:
        """Whether the tables were made; looking makes neither them nor a file."""
        if self.is_sqlite and not Path(str(self._url.database)).exists():
            return False
        with self.read() as connection:
            return sqlalchemy.inspect(connection).has_table("release")

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    def _prepare_file(self) -> None:
        path = Path(str(self._url.database))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._switch_to_wal()
        except (OSError, sqlite3.Error) as error:
            raise self._failure(str(error)) from error

    # While another process switches the same new file, SQLite refuses at once instead of waiting.
    @retry(
        retry=retry_if_exception_type(sqlite3.OperationalError),
        stop=stop_after_delay(5),
        wait=wait_fixed(0.05),
        reraise=True,
    )
    def _switch_to_wal(self) -> None:
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._failure(_driver_message(error.orig)) from error
        except PoolTimeoutError as error:
            raise self._failure("no connection became free") from error

    def _newer(self, error: CommandError) -> InfrastructureError:
        place = self._url.set(query={}).render_as_string(hide_password=True)
        return InfrastructureError(
            f"The tables of the registry {place} were made by a newer kbgate than this one ({error}); nothing was changed. "
            "Install that kbgate here as well. `kbgate rollback` works all the same."
        )

    def _failure(self, message: str) -> InfrastructureError:
        # The query part may hold secrets as well, so it is left out.
        place = self._url.set(query={}).render_as_string(hide_password=True)
        if self._url.password:
            message = message.replace(self._url.password, "***")
        hint = "Check that the server is up and the address and password are right, then try again."
        if self.is_sqlite:
            hint = "Check that the folder can be written and no other program holds the file, then try again."
        if "no such table" in message or ("relation" in message and "does not exist" in message):
            hint = "Its tables were not created yet: the first `kbgate ingest` does that."
        return InfrastructureError(f"The registry {place} did not do what was asked: {message}. {hint}")


def _supported_url(dsn: str) -> URL:
    try:
        url = make_url(dsn.replace("postgres://", "postgresql://", 1) if dsn.startswith("postgres://") else dsn)
    except (ArgumentError, ValueError):
        # Not chained: the original message may carry the password.
        raise SettingsError(
            "registry.dsn is not a SQLAlchemy URL. Wanted: sqlite:////folder/registry.db or "
            "postgresql+pg8000://user:password@host:5432/database."
        ) from None
    backend = url.get_backend_name()
    if backend == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise SettingsError(
                "registry.dsn names no file: SQLite in memory would be forgotten. Wanted: sqlite:////folder/registry.db."
            )
        return url
    if backend == "postgresql":
        return url.set(drivername="postgresql+pg8000")
    raise SettingsError(f"registry.dsn names a {backend} database. Supported: sqlite and postgresql.")


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, poolclass=NullPool)

    @sqlalchemy.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver must not open transactions on its own: it would begin them too late, after the first read.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")
        connection.execute("PRAGMA foreign_keys = ON")

    @sqlalchemy.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("kbgate_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: URL) -> Engine:
    unknown = sorted(url.query.keys() - POSTGRES_PARAMETERS)
    if unknown:
        raise SettingsError(
            f"registry.dsn has the parameter {', '.join(unknown)}, which its driver pg8000 does not take. Known: "
            f"{', '.join(sorted(POSTGRES_PARAMETERS))}. Remove it; of an Airflow connection, from its field Extra."
        )
    url, ssl_context = split_tls(url, "registry.dsn")
    try:
        return create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            connect_args={"ssl_context": ssl_context, "application_name": "kbgate"},
        )
    except ModuleNotFoundError as error:
        raise SettingsError(
            "registry.dsn names PostgreSQL, which needs the Python package 'pg8000'. "
            "Install it: pip install 'kbgate[postgres]'."
        ) from error


def _driver_message(error: BaseException | None) -> str:
    """The driver's own words; pg8000 gives a dictionary whose "M" is the message."""
    found = error.args[0] if error is not None and error.args else error
    return str(found.get("M", found) if isinstance(found, dict) else found).rstrip(".")
