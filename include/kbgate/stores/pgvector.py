"""Server store: a table per version in PostgreSQL with the extension pgvector; a build is one transaction."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pg8000.native import identifier
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from kbgate.parts import read_options
from kbgate.records import Hits
from kbgate.stores.binary_copy import binary_copy
from kbgate.stores.chunk_table import (
    BATCH_ROWS,
    check_columns,
    checked,
    sampled_ids,
)
from kbgate.stores.exact_search import as_hits, candidates_of, check_queries, exact_search
from kbgate.stores.postgres_connection import PostgresConnection, connect_arguments
from kbgate.stores.received_rows import as_table
from kbgate.stores.version_rules import check_dimension, check_droppable, check_known, check_name, check_new

_COLUMN_TYPES = {
    "chunk_id": 'text COLLATE "C" NOT NULL',
    "doc_id": 'text COLLATE "C" NOT NULL',
    "position": "integer NOT NULL",
    "start": "integer NOT NULL",
    "end": "integer NOT NULL",
    "text": "text NOT NULL",
    "heading_path": "text[] NOT NULL",
    "n_tokens": "integer NOT NULL",
}
_MAX_INDEXED_DIMENSION = 2000
_SPARE_RESULTS = 10
_LOCK_TIMEOUT = "10s"
# While it builds an index, a server does not notice that its client was killed, and keeps the lock until it is done.
_CLIENT_CHECK_INTERVAL = "2s"


class PgvectorOptions(BaseModel):
    """Options of the store `pgvector`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    dsn: SecretStr = Field(description="postgresql://user:password@host:5432/database; keep it in a connection.")
    schema_name: str = Field(
        "kbgate", alias="schema", pattern="^[a-z_][a-z0-9_]{0,47}$", description="Schema that holds the tables."
    )
    index_min_rows: int = Field(
        20_000, ge=1, description="Versions with more chunks than this get an approximate index (HNSW)."
    )


@dataclass(frozen=True, slots=True)
class _Stored:
    """A finished version as the catalogue knows it."""

    table: str
    dimension: int
    n_chunks: int
    indexed: bool


class PgvectorStore:
    """Versions in one schema: a catalogue table, and for each version a table that no one ever changes.

    Everything that a build does happens in one transaction, so a killed build leaves nothing behind. Each call opens its
    own connection; readers see the versions that were committed when the call began.
    """

    def __init__(self, kb: str, options: dict[str, Any]) -> None:
        self._options = read_options(PgvectorOptions, options, "store.options")
        self._kb = check_name(kb, "knowledge base")
        self._arguments = connect_arguments(self._options.dsn.get_secret_value())
        self._schema = identifier(self._options.schema_name)
        self._catalogue = f"{self._schema}.store_version"

    def build(
        self,
        version: str,
        batches: Iterable[pa.Table],
        *,
        dimension: int,
        parent: str | None = None,
        removed_doc_ids: Sequence[str] = (),
    ) -> int:
        """See `kbgate.stores.Store.build`."""
        check_name(version, "version")
        with self._connected() as connection:
            self._create_catalogue(connection)
            with self._writing(connection):
                stored = self._stored(connection)
                check_new(version, parent, stored)
                table = self._add_to_catalogue(connection, version, dimension)
                columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in _COLUMN_TYPES.items())
                connection.run(f"CREATE TABLE {table} ({columns}, vector vector({int(dimension)}) NOT NULL)")
                if parent is not None:
                    check_dimension(dimension, parent, stored[parent].dimension)
                    connection.run(
                        f"INSERT INTO {table} SELECT * FROM {stored[parent].table} "
                        "WHERE doc_id <> ALL (CAST(:removed AS text[]))",
                        removed=list(removed_doc_ids),
                    )
                for batch in checked(batches, dimension):
                    connection.run(f"COPY {table} FROM STDIN (FORMAT binary)", stream=binary_copy(batch))
                return self._finish(connection, version, table, dimension)

    def search(self, version: str, vectors: NDArray[np.float32], k: int, *, exact: bool = False) -> Hits:
        """See `kbgate.stores.Store.search`.

        An exact search reads all vectors once and compares them here, which for the hundreds of queries of a gate is many
        times faster than letting the server scan its table for each query.
        """
        with self._connected() as connection:
            stored = self._known(connection, version)
            queries = check_queries(vectors, stored.dimension, k)
            if not exact:
                candidates = _server_search(connection, stored, queries, k)
                if min(map(len, candidates), default=0) >= min(k, stored.n_chunks):
                    return as_hits(candidates, k)
        return exact_search(self.read(version, ("chunk_id", "doc_id", "vector")), queries, k)

    def read(self, version: str, columns: Sequence[str], doc_ids: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """See `kbgate.stores.Store.read`."""
        names = check_columns(columns)
        with self._connected() as connection:
            stored = self._known(connection, version)
            yield from _read(connection, stored, names, None if doc_ids is None else ("doc_id", doc_ids))

    def sample(self, version: str, n: int, columns: Sequence[str], seed: int) -> pa.Table:
        """See `kbgate.stores.Store.sample`."""
        names = check_columns(columns)
        with self._connected() as connection:
            stored = self._known(connection, version)
            ids = [row[0] for row in connection.run(f"SELECT chunk_id FROM {stored.table}")]
            wanted = ("chunk_id", sampled_ids(ids, n, seed))
            tables = _read(connection, stored, list(dict.fromkeys([*names, "chunk_id"])), wanted)
            return pa.concat_tables(tables).sort_by("chunk_id").select(names)

    def count(self, version: str) -> int:
        """See `kbgate.stores.Store.count`."""
        with self._connected() as connection:
            return self._known(connection, version).n_chunks

    def versions(self) -> list[str]:
        """See `kbgate.stores.Store.versions`."""
        with self._connected() as connection:
            return sorted(self._stored(connection))

    def drop(self, version: str, *, protected: Collection[str]) -> None:
        """See `kbgate.stores.Store.drop`."""
        with self._connected() as connection:
            check_known(version, self._stored(connection))
            check_droppable(version, protected)
            with self._writing(connection):
                stored = self._known(connection, version)
                connection.run(
                    f"DELETE FROM {self._catalogue} WHERE kb = :kb AND version = :version",
                    kb=self._kb,
                    version=version,
                )
                connection.run(f"DROP TABLE {stored.table}")

    def discard_unfinished(self) -> list[str]:
        """See `kbgate.stores.Store.discard_unfinished`; the server itself rolls an interrupted build back."""
        return []

    def _connected(self) -> closing[PostgresConnection]:
        return closing(PostgresConnection(self._arguments))

    @contextmanager
    def _writing(self, connection: PostgresConnection) -> Iterator[None]:
        """Run a transaction that is the only one writing this knowledge base; it is committed at the end of the block."""
        connection.run("START TRANSACTION")
        connection.run(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        connection.run(f"SET LOCAL client_connection_check_interval = '{_CLIENT_CHECK_INTERVAL}'")
        lock = f"kbgate store {self._options.schema_name} {self._kb}"
        connection.run("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))", lock=lock)
        yield
        connection.run("COMMIT")

    def _create_catalogue(self, connection: PostgresConnection) -> None:
        """Create the schema, the extension and the catalogue if they are missing."""
        if self._has_catalogue(connection):
            return
        connection.run("START TRANSACTION")
        # Two sessions that create the same thing "if not exists" at once can still collide.
        connection.run("SELECT pg_advisory_xact_lock(hashtextextended('kbgate store set-up', 0))")
        connection.run("CREATE EXTENSION IF NOT EXISTS vector")
        connection.run(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
        connection.run(
            f"CREATE TABLE IF NOT EXISTS {self._catalogue} (kb text, version text, "
            "number bigint GENERATED ALWAYS AS IDENTITY, dimension integer NOT NULL, n_chunks bigint NOT NULL, "
            "indexed boolean NOT NULL, PRIMARY KEY (kb, version))"
        )
        connection.run("COMMIT")

    def _has_catalogue(self, connection: PostgresConnection) -> bool:
        return connection.run("SELECT to_regclass(:name) IS NOT NULL", name=self._catalogue)[0][0]

    def _stored(self, connection: PostgresConnection) -> dict[str, _Stored]:
        if not self._has_catalogue(connection):
            return {}
        rows = connection.run(
            f"SELECT version, number, dimension, n_chunks, indexed FROM {self._catalogue} WHERE kb = :kb", kb=self._kb
        )
        return {version: _Stored(self._table(number), *rest) for version, number, *rest in rows}

    def _known(self, connection: PostgresConnection, version: str) -> _Stored:
        stored = self._stored(connection)
        check_known(version, stored)
        return stored[version]

    def _table(self, number: int) -> str:
        return f"{self._schema}.chunks_{int(number)}"

    def _add_to_catalogue(self, connection: PostgresConnection, version: str, dimension: int) -> str:
        """Return the name of the new version's table; names come from a counter, so they are never used twice."""
        rows = connection.run(
            f"INSERT INTO {self._catalogue} (kb, version, dimension, n_chunks, indexed) "
            "VALUES (:kb, :version, :dimension, 0, false) RETURNING number",
            kb=self._kb,
            version=version,
            dimension=dimension,
        )
        return self._table(rows[0][0])

    def _finish(self, connection: PostgresConnection, version: str, table: str, dimension: int) -> int:
        """Add keys and indexes, note the size in the catalogue and return it."""
        n_chunks = connection.run(f"SELECT count(*) FROM {table}")[0][0]
        connection.run(f"ALTER TABLE {table} ADD PRIMARY KEY (chunk_id)")
        connection.run(f"CREATE INDEX ON {table} (doc_id)")
        indexed = n_chunks > self._options.index_min_rows and dimension <= _MAX_INDEXED_DIMENSION
        if indexed:
            connection.run(f"CREATE INDEX ON {table} USING hnsw (vector vector_cosine_ops)")
        connection.run(f"ANALYZE {table}")
        connection.run(
            f"UPDATE {self._catalogue} SET n_chunks = :n_chunks, indexed = :indexed "
            "WHERE kb = :kb AND version = :version",
            n_chunks=n_chunks,
            indexed=indexed,
            kb=self._kb,
            version=version,
        )
        return n_chunks


def _read(
    connection: PostgresConnection, stored: _Stored, names: list[str], wanted: tuple[str, Sequence[str]] | None
) -> Iterator[pa.Table]:
    """Yield at least one table; `wanted` is a column and the values to keep."""
    # Vectors travel in their binary form: every bit arrives as it was stored.
    expressions = ", ".join("vector_send(vector)" if name == "vector" else identifier(name) for name in names)
    condition = "" if wanted is None else f"WHERE {wanted[0]} = ANY (CAST(:wanted AS text[]))"
    values: dict[str, Any] = {} if wanted is None else {"wanted": list(wanted[1])}
    connection.run("START TRANSACTION READ ONLY")
    connection.run(
        f"DECLARE chunks NO SCROLL CURSOR FOR SELECT {expressions} FROM {stored.table} {condition}", **values
    )
    filled = False
    while rows := connection.run(f"FETCH {BATCH_ROWS} FROM chunks"):
        filled = True
        yield as_table(rows, names, stored.dimension)
    connection.run("COMMIT")
    if not filled:
        yield as_table([], names, stored.dimension)


def _server_search(
    connection: PostgresConnection, stored: _Stored, queries: NDArray[np.float32], k: int
) -> list[list[Any]]:
    """Return the candidates of each query; a few more than k, so that ties at the end can be put in order."""
    limit = k + _SPARE_RESULTS
    connection.run("START TRANSACTION READ ONLY")
    if stored.indexed:
        connection.run(f"SET LOCAL hnsw.ef_search = {min(max(100, 2 * limit), 1000)}")
    candidates = []
    for query in queries:
        rows = connection.run(
            f"SELECT chunk_id, doc_id, vector_send(vector) FROM {stored.table} "
            "ORDER BY vector <=> CAST(:query AS vector), chunk_id LIMIT :limit",
            query=str(query.tolist()),
            limit=limit,
        )
        candidates.append(candidates_of(as_table(rows, ["chunk_id", "doc_id", "vector"], stored.dimension), query))
    connection.run("COMMIT")
    return candidates
