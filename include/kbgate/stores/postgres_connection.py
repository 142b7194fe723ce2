"""Connect to PostgreSQL with the pure-Python driver pg8000, and say what failed without ever showing a password."""

from collections.abc import Iterable
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from kbgate.errors import ConflictError, InfrastructureError, SettingsError, UsageError
from kbgate.postgres_tls import PARAMETERS, split_tls

SETTING = "store.options.dsn"
_KNOWN_QUERY = PARAMETERS | {"application_name", "unix_sock"}


def connect_arguments(dsn: str) -> dict[str, Any]:
    """Turn an address such as `postgresql://user:password@host:5432/database?sslmode=require` into driver arguments.

    `sslmode` and `sslrootcert` are those of `kbgate.postgres_tls`; `unix_sock` is a socket's path.

    Raises:
        SettingsError: it is not such an address, or has a parameter or a mode that is not supported.
    """
    try:
        url = make_url(dsn)
    except (ArgumentError, ValueError):
        url = None
    if url is None or not url.drivername.startswith("postgres"):
        raise SettingsError(f"{SETTING} is not an address of the form postgresql://user:password@host:5432/database.")
    unknown = sorted(set(url.query) - _KNOWN_QUERY)
    if unknown:
        raise SettingsError(f"{SETTING} has the parameters {unknown}; supported: {', '.join(sorted(_KNOWN_QUERY))}.")
    url, ssl_context = split_tls(url, SETTING)
    arguments: dict[str, Any] = {
        "user": url.username or "postgres",
        "password": url.password,
        "host": url.host or "localhost",
        "port": url.port or 5432,
        "database": url.database,
        "application_name": url.query.get("application_name", "kbgate"),
        "ssl_context": ssl_context,
    }
    if "unix_sock" in url.query:
        arguments.update(unix_sock=url.query["unix_sock"], host=None)
    return arguments


class PostgresConnection:
    """A connection whose every failure is one of kbgate's errors; what it did not commit is rolled back when it closes."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        place = arguments.get("unix_sock") or f"{arguments['host']}:{arguments['port']}"
        self._server = f"{SETTING}: PostgreSQL at {place}, database {arguments['database']}, user {arguments['user']}"
        try:
            self._connection = Connection(**arguments)
        except (InterfaceError, DatabaseError, OSError) as error:
            raise InfrastructureError(
                f"{self._server}, cannot be reached: {_reason(error)}. "
                "Is it running, and are address, database, user and password right?"
            ) from error

    def run(self, statement: str, stream: Iterable[bytes] | None = None, **values: Any) -> list[list[Any]]:
        """Run one statement and return its rows; `stream` feeds a COPY … FROM STDIN.

        Raises:
            InfrastructureError: the server broke off or refused.
            ConflictError: another session holds a lock for too long.
            UsageError: the data broke a rule of the database.
        """
        try:
            return self._connection.run(statement, stream=stream, **values) or []
        except DatabaseError as error:
            raise _explained(error, self._server) from error
        except (InterfaceError, OSError) as error:
            raise InfrastructureError(f"{self._server}, broke off: {_reason(error)}.") from error

    def close(self) -> None:
        """End the session."""
        try:
            self._connection.close()
        except (InterfaceError, OSError):
            return  # it is gone already, and so is its transaction


def _explained(error: DatabaseError, server: str) -> Exception:
    code = error.args[0].get("C", "") if error.args and isinstance(error.args[0], dict) else ""
    if code == "55P03":
        return ConflictError(
            f"{server}: another session is building or dropping a version; nothing was changed. "
            "Wait for the other run and run again. If there is none, a killed run's session is still at work: "
            "SELECT pid, state, query FROM pg_stat_activity WHERE application_name = 'kbgate' shows it, "
            "SELECT pg_terminate_backend(<pid>) ends it."
        )
    if code == "23505":
        return UsageError(
            f"A chunk id occurs more than once ({_reason(error)}). Was a changed document added without removing its "
            "old chunks (removed_doc_ids)? Nothing was stored."
        )
    if code.startswith("22"):
        return UsageError(f"{server}, cannot hold the data: {_reason(error)}. Nothing was stored.")
    if code == "42P01":
        return UsageError(f"The version was dropped while it was being read ({_reason(error)}).")
    return InfrastructureError(f"{server}, failed: {_reason(error)}.")


def _reason(error: Exception) -> str:
    if error.args and isinstance(error.args[0], dict):
        fields = error.args[0]
        return " ".join(str(fields[key]) for key in ("M", "D") if key in fields).rstrip(".")
    cause = f" ({error.__cause__})" if error.__cause__ else ""
    return f"{error}{cause}"
