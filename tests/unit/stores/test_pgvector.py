import socket
import threading
from contextlib import suppress

import pytest

from chunk_tables import chunk_table, vectors_in
from kbgate.errors import ConflictError, InfrastructureError, UsageError
from kbgate.stores import pgvector
from kbgate.stores.pgvector import PgvectorStore
from kbgate.stores.postgres_connection import PostgresConnection, connect_arguments

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres_dsn):
    return PgvectorStore("helpdesk", {"dsn": postgres_dsn, "schema": "bot", "index_min_rows": 500})


def run(store, statement, **values):
    with store._connected() as connection:
        return connection.run(statement, **values)


def tables(store):
    return {row[0] for row in run(store, "SELECT tablename FROM pg_tables WHERE schemaname = 'bot'")}


def test_everything_lies_in_the_schema_that_was_set(store):
    store.build("v1.0.0", [chunk_table(0, 3)], dimension=8)
    assert tables(store) == {"store_version", "chunks_1"}
    store.drop("v1.0.0", protected=[])
    assert tables(store) == {"store_version"}


def test_a_failed_build_leaves_no_table(store):
    with pytest.raises(UsageError):
        store.build("v1.0.0", [chunk_table(0, 3), chunk_table(2, 3)], dimension=8)
    assert tables(store) == {"store_version"}


def test_the_index_is_built_above_the_size_set_and_serves_the_search(store):
    def has_index(table):
        return any(
            "hnsw" in row[0] for row in run(store, "SELECT indexdef FROM pg_indexes WHERE tablename = :t", t=table)
        )

    store.build("v1", [chunk_table(0, 500)], dimension=8)
    store.build("v2", [chunk_table(500, 600)], dimension=8, parent="v1")
    assert not has_index("chunks_1")
    assert has_index("chunks_2")
    query = str(vectors_in(chunk_table(0, 1))[0].tolist())
    with store._connected() as connection:
        connection.run("SET enable_seqscan = off")  # 600 rows are too few for the planner to bother
        plan = connection.run(
            "EXPLAIN SELECT chunk_id FROM bot.chunks_2 ORDER BY vector <=> CAST(:query AS vector), chunk_id LIMIT 10",
            query=query,
        )
    assert "chunks_2_vector_idx" in str(plan)


def test_more_results_than_the_index_can_give_are_found_without_it(store):
    store.build("v1", [chunk_table(0, 1500)], dimension=8)
    database = run(store, "SELECT current_database()")[0][0]
    run(store, f"ALTER DATABASE {database} SET enable_seqscan = off")
    run(store, f"ALTER DATABASE {database} SET enable_sort = off")
    hits = store.search("v1", vectors_in(chunk_table(0, 2)), 1200)
    assert (hits.chunk_ids != "").all()


def test_a_second_writer_is_refused(store, monkeypatch):
    monkeypatch.setattr(pgvector, "_LOCK_TIMEOUT", "50ms")

    def batches():
        with pytest.raises(ConflictError, match="another session is building"):
            store.build("v1.0.1", [], dimension=8)
        yield chunk_table(0, 3)

    assert store.build("v1.0.0", batches(), dimension=8) == 3


def test_a_killed_build_gives_the_lock_back_though_the_server_is_still_at_work(store, postgres_dsn, monkeypatch):
    monkeypatch.setattr(pgvector, "_CLIENT_CHECK_INTERVAL", "100ms")
    monkeypatch.setattr(pgvector, "_LOCK_TIMEOUT", "5s")
    killed = PostgresConnection(connect_arguments(postgres_dsn))

    def build_for_a_minute():
        with suppress(InfrastructureError), store._writing(killed):
            killed.run("SELECT pg_sleep(60)")

    thread = threading.Thread(target=build_for_a_minute)
    thread.start()
    while not run(store, "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"):
        assert thread.is_alive()
    # What the server sees of a process that was killed.
    killed._connection._usock.shutdown(socket.SHUT_RDWR)
    thread.join()
    killed.close()
    assert store.build("v1.0.0", [chunk_table(0, 3)], dimension=8) == 3


def test_first_builds_of_many_knowledge_bases_at_once_do_not_collide(postgres_dsn):
    failures = []

    def build(number):
        try:
            PgvectorStore(f"kb{number}", {"dsn": postgres_dsn}).build("v1.0.0", [chunk_table(0, 3)], dimension=8)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=build, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_text_that_postgresql_cannot_hold_is_explained(store):
    table = chunk_table(0, 1)
    spoilt = table.set_column(5, "text", [["a\0b"]])
    with pytest.raises(UsageError, match="cannot hold the data"):
        store.build("v1.0.0", [spoilt], dimension=8)
    assert store.versions() == []


def test_a_reader_finishes_on_what_it_began_with(store):
    store.build("v1.0.0", [chunk_table(0, 3)], dimension=8)
    reader = store.read("v1.0.0", ["chunk_id"])
    assert next(reader).num_rows == 3
    assert list(reader) == []
    store.drop("v1.0.0", protected=[])
