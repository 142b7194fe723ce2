"""Rows of an SQL query: on SQLite, and on a real PostgreSQL where it is installed."""

import sqlite3

import pytest
from sqlalchemy import create_engine, make_url, text

from kbgate.errors import InfrastructureError, SettingsError, SourceError
from kbgate.records import Document
from kbgate.sources.sql import SqlSource

QUERY = "SELECT id AS doc_id, title, body AS text, score FROM page ORDER BY id"


@pytest.fixture
def database(tmp_path):
    with sqlite3.connect(tmp_path / "kb.db") as connection:
        connection.execute("CREATE TABLE page (id INTEGER, title TEXT, body TEXT, score REAL)")
        connection.executemany(
            "INSERT INTO page VALUES (?, ?, ?, ?)",
            [(1, "T", "100 % :now", 0.5), (2, None, None, None), (None, "V", "z", 1)],
        )
    connection.close()
    return f"sqlite:///{tmp_path / 'kb.db'}"


def read(dsn, query=QUERY, **options):
    return list(SqlSource({"dsn": dsn, "query": query, **options}).read())


def test_rows_become_documents_and_null_text_is_empty(database):
    rejected, first, second = read(database)
    assert (rejected.rule, rejected.line) == ("missing_doc_id", 1)
    assert (first.doc_id, first.text, first.line, first.metadata) == ("1", "100 % :now", 2, {"score": 0.5})
    assert (second.title, second.text) == ("", "")


def test_percent_and_colon_in_the_query_mean_what_they_say(database):
    (row,) = read(database, "SELECT id AS doc_id, title, body AS text FROM page WHERE body LIKE '% :no%'")
    assert row.doc_id == "1"


def test_columns_are_mapped(database):
    rows = read(database, "SELECT id, title, body FROM page WHERE id = 1", columns={"doc_id": "id", "text": "body"})
    assert rows[0].text == "100 % :now"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM nowhere", "no such table"),
        ("SELEKT 1", "syntax error"),
        ("SELECT id AS doc_id, title FROM page", "no column 'text'"),
        (
            "SELECT a.id AS doc_id, a.title, a.body AS text, b.title FROM page a JOIN page b",
            "several columns named 'title'",
        ),
        ("SELECT id AS doc_id, title, body AS text FROM page WHERE id = 99", "is empty"),
        ("CREATE TABLE other (x)", "Write a SELECT"),
        ("SELECT 1 AS doc_id, 't' AS title, CAST(x'ff' AS TEXT) AS text", "decode"),
    ],
)
def test_wrong_query_is_an_error_of_the_source(database, query, message):
    with pytest.raises(SourceError, match=message):
        read(database, query)


def test_missing_sqlite_file_is_named_and_not_created(tmp_path):
    with pytest.raises(SourceError, match=r"gone\.db does not exist"):
        read(f"sqlite:///{tmp_path / 'gone.db'}")
    assert not (tmp_path / "gone.db").exists()


def test_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "kb.db").write_text("plain text, long enough to be read as the header of a database file, " * 5)
    with pytest.raises(SourceError, match="not a database"):
        read(f"sqlite:///{tmp_path / 'kb.db'}")


def test_locked_database_is_an_infrastructure_error(database, tmp_path):
    lock = sqlite3.connect(tmp_path / "kb.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with pytest.raises(InfrastructureError, match="locked"):
        read(database + "?timeout=0.1")
    lock.close()


def test_server_that_is_down_is_an_infrastructure_error_without_the_password():
    with pytest.raises(InfrastructureError, match=r"postgresql\+pg8000://127\.0\.0\.1:1/kb did not answer") as caught:
        read("postgresql+pg8000://user:s3cret@127.0.0.1:1/kb")
    assert "s3cret" not in str(caught.value)


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["prefer", "disable"])
def test_sslmode_of_the_address_is_understood(postgres_dsn, mode):
    dsn = make_url(postgres_dsn).update_query_dict({"sslmode": mode}).render_as_string(hide_password=False)
    assert read(dsn, "SELECT 'a' AS doc_id, 't' AS title, 'x' AS text")[0].doc_id == "a"


def test_a_mistyped_sslmode_is_a_settings_error():
    with pytest.raises(SettingsError, match=r"source\.options\.dsn has sslmode=verify_full"):
        read("postgresql+pg8000://user:s3cret@127.0.0.1:1/kb?sslmode=verify_full")


@pytest.mark.parametrize("options", [{"dsn": "sqlite://user:s3cret@h/x"}, {"dns": "x://user:s3cret@h/x", "query": "q"}])
def test_wrong_options_are_named_without_showing_the_password(options):
    with pytest.raises(SettingsError) as caught:
        SqlSource(options)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "no url: s3cret",
        "nosuch://user:s3cret@h/x",
        "sqlite://u:s3cret@h:port/x",
        "postgresql+pg8000://u:s3cret@127.0.0.1:1/x?nosuch=1",
    ],
)
def test_dsn_that_cannot_be_used_is_a_settings_error_without_showing_it(dsn):
    with pytest.raises(SettingsError, match=r"source\.options\.dsn") as caught:
        read(dsn)
    assert "s3cret" not in str(caught.value)


def test_reading_stops_fetching_when_the_reader_stops(database):
    rows = SqlSource(
        {
            "dsn": database,
            "query": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT i AS doc_id, 'T' AS title, 'x' AS text FROM n",
            "yield_per": 10,
        }
    ).read()
    assert [next(rows).doc_id for _ in range(25)] == [str(n) for n in range(1, 26)]
    rows.close()


@pytest.mark.postgres
def test_postgresql_rows_are_read_in_pieces_with_nested_metadata(postgres_dsn):
    engine = create_engine(postgres_dsn)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE page (id int, title text, body text, extra jsonb, day date)"))
        connection.execute(
            text("INSERT INTO page SELECT n, 'T', 'x', '{\"a\": [1]}', '2026-06-03' FROM generate_series(1, 1200) n")
        )
    engine.dispose()
    query = (
        "SELECT id AS doc_id, title, body AS text, extra, day AS updated_at FROM page WHERE body LIKE '%x%' ORDER BY id"
    )
    rows = read(postgres_dsn, query, yield_per=100)
    assert [row.doc_id for row in rows] == [str(n) for n in range(1, 1201)]
    assert isinstance(rows[0], Document)
    assert (rows[0].metadata, rows[0].updated_at) == ({"extra": {"a": [1]}}, "2026-06-03")
    with pytest.raises(SourceError, match="nowhere"):
        read(postgres_dsn, "SELECT * FROM nowhere")


@pytest.mark.postgres
def test_percent_sign_reaches_a_driver_that_formats_parameters_with_it(postgres_dsn):
    pytest.importorskip("psycopg2")
    url = make_url(postgres_dsn)
    folder = str(url.query["unix_sock"]).rpartition("/")[0]
    dsn = url.set(drivername="postgresql+psycopg2", query={"host": folder}).render_as_string(hide_password=False)
    rows = read(
        dsn,
        "SELECT n AS doc_id, 'T' AS title, 'x' AS text FROM generate_series(1, 30) n WHERE '50 %' LIKE '%\\%'",
        yield_per=10,
    )
    assert len(rows) == 30
