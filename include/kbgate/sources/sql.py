"""Documents from the rows of an SQL query."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import NullPool

from kbgate.errors import InfrastructureError, SettingsError, SourceError
from kbgate.parts import read_options
from kbgate.postgres_tls import split_tls
from kbgate.records import Document, RejectedRow
from kbgate.sources.accept import accept
from kbgate.sources.rows import RowOptions, document_of, require_columns

SQLITE_WRONG_QUERY = (
    "no such",
    "syntax error",
    "incomplete input",
    "unrecognized token",
    "ambiguous column",
    "could not decode",
)
"""SQLite reports a wrong query with the error class that other databases keep for an unreachable server."""


class SqlOptions(RowOptions):
    """Options of kind `sql`."""

    dsn: SecretStr = Field(repr=False, description="SQLAlchemy URL; an Airflow connection is turned into one before.")
    query: str = Field(min_length=1, description="SELECT with one row a document; add ORDER BY to keep the order.")
    yield_per: int = Field(500, ge=1, le=100_000, description="Rows fetched from the server at a time.")


class SqlSource:
    """Reads the rows of a query in pieces; `line` is the row's number in the result, from 1."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = read_options(SqlOptions, options, "source.options")

    def read(self) -> Iterator[Document | RejectedRow]:
        """Yield every row, in the order of the query.

        Raises:
            SettingsError: the DSN cannot be read, its driver is not installed, or does not know one of its parameters.
            SourceError: the query is refused, lacks a needed column or gave nothing; or the SQLite file is missing.
            InfrastructureError: the server did not answer, or the connection broke.
        """
        url = self._url()
        uri = _address(url)
        yield from accept(self._rows(_engine(url), uri), f"The result of source.options.query at {uri}")

    def _rows(self, engine: Engine, uri: str) -> Iterator[Document | RejectedRow]:
        try:
            connection = engine.connect()
        except TypeError as error:
            raise SettingsError(
                f"The database driver refuses a parameter of source.options.dsn: {error}. Correct or take away what follows the "
                f"question mark in it; {uri} was wanted."
            ) from error
        except DBAPIError as error:
            raise InfrastructureError(
                f"{uri} did not answer: {error.orig}. Check that the server runs and that the DSN is right."
            ) from error
        with connection:
            connection = connection.execution_options(yield_per=self.options.yield_per, no_parameters=True)
            try:
                # The driver's own SQL: colons and percent signs in the query mean what they say.
                result = connection.exec_driver_sql(self.options.query)
                if not result.returns_rows:
                    raise SourceError(f"source.options.query gives no rows at {uri}. Write a SELECT.")
                names = list(result.keys())
                require_columns(self.options.needed, names, f"The result of source.options.query at {uri}")
                for number, values in enumerate(result, start=1):
                    row = dict(zip(names, values, strict=True))
                    yield document_of(row, self.options.columns, uri, number)
            except DBAPIError as error:
                raise _explained(error, uri) from error

    def _url(self) -> URL:
        try:
            url = make_url(self.options.dsn.get_secret_value())
        except (ArgumentError, ValueError) as error:
            raise SettingsError(
                "source.options.dsn is not an SQLAlchemy URL, such as postgresql+pg8000://user:password@host/database."
            ) from error
        file = url.database if url.get_backend_name() == "sqlite" else None
        if file and file != ":memory:" and not file.startswith("file:") and not Path(file).exists():
            # SQLite would create an empty database and then report an unknown table.
            raise SourceError(f"The SQLite file {file} does not exist. Correct the path in source.options.dsn.")
        return url


def _engine(url: URL) -> Engine:
    arguments: dict[str, Any] = {}
    if url.drivername == "postgresql+pg8000":
        url, arguments["ssl_context"] = split_tls(url, "source.options.dsn")
    try:
        return create_engine(url, poolclass=NullPool, connect_args=arguments)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingsError(f"source.options.dsn needs a database driver that is not installed: {error}.") from error


def _address(url: URL) -> str:
    """The database without user, password and parameters, for messages and records."""
    return URL.create(url.drivername, host=url.host, port=url.port, database=url.database).render_as_string()


def _explained(error: DBAPIError, uri: str) -> SourceError | InfrastructureError:
    text = str(error.orig)
    wrong_query = any(words in text.lower() for words in SQLITE_WRONG_QUERY) and uri.startswith("sqlite")
    if error.connection_invalidated or (isinstance(error, OperationalError | InterfaceError) and not wrong_query):
        return InfrastructureError(f"The connection to {uri} failed while reading: {text}. Try again later.")
    return SourceError(f"source.options.query was refused by {uri}: {text}. Correct the query.")
