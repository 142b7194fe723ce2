import socket
import traceback
from contextlib import closing

import pytest
from sqlalchemy import make_url

from kbgate.errors import InfrastructureError, SettingsError
from kbgate.stores.pgvector import PgvectorStore
from kbgate.stores.postgres_connection import PostgresConnection, connect_arguments

PASSWORD = "hunter2-p@ss"
ESCAPED = "hunter2-p%40ss"


@pytest.fixture
def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


def test_the_parts_of_an_address_reach_the_driver():
    arguments = connect_arguments(f"postgresql+psycopg2://ann:{ESCAPED}@db.example:6543/kb?application_name=gate")
    assert arguments == {
        "user": "ann",
        "password": PASSWORD,
        "host": "db.example",
        "port": 6543,
        "database": "kb",
        "application_name": "gate",
        "ssl_context": None,
    }


@pytest.mark.parametrize("mode", ["verify_full", "banana"])
def test_a_mistyped_sslmode_is_refused_and_not_taken_for_none(mode):
    with pytest.raises(SettingsError, match=rf"store\.options\.dsn has sslmode={mode}"):
        PgvectorStore("helpdesk", {"dsn": f"postgresql://ann:{ESCAPED}@db/kb?sslmode={mode}"})


def test_sslmode_reaches_the_driver():
    assert connect_arguments("postgresql://db/kb?sslmode=disable")["ssl_context"] is False
    assert connect_arguments("postgresql://db/kb?sslmode=verify-full")["ssl_context"].check_hostname


@pytest.mark.parametrize(
    "dsn",
    [f"mysql://ann:{ESCAPED}@db/kb", f"ann:{ESCAPED}@db", f"postgresql://ann:{ESCAPED}@db:port/kb", ""],
)
def test_another_address_is_refused_without_showing_it(dsn):
    with pytest.raises(SettingsError, match=r"store\.options\.dsn is not an address") as caught:
        connect_arguments(dsn)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_an_unsupported_parameter_is_named():
    with pytest.raises(SettingsError, match="sslcert"):
        connect_arguments("postgresql://db/kb?sslcert=/x")


def test_a_server_that_is_down_names_setting_and_address_but_no_password(closed_port):
    store = PgvectorStore("helpdesk", {"dsn": f"postgresql://ann:{ESCAPED}@127.0.0.1:{closed_port}/kb"})
    for call in (store.versions, lambda: store.build("v1.0.0", [], dimension=8)):
        with pytest.raises(InfrastructureError, match=rf"store\.options\.dsn.*127\.0\.0\.1:{closed_port}") as caught:
            call()
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in repr(vars(store)["_options"])


def test_a_misspelt_option_shows_no_password():
    with pytest.raises(SettingsError, match=r"store\.options\.dns") as caught:
        PgvectorStore("helpdesk", {"dns": f"postgresql://ann:{ESCAPED}@db/kb"})
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_schema_name_that_would_need_quoting_is_refused():
    with pytest.raises(SettingsError, match=r"store\.options\.schema"):
        PgvectorStore("helpdesk", {"dsn": "postgresql://db/kb", "schema": 'x"; DROP'})


@pytest.mark.postgres
def test_a_database_that_does_not_exist_is_an_infrastructure_error(postgres_server):
    dsn = postgres_server.set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(InfrastructureError, match="database nowhere, user kbgate, cannot be reached"):
        PgvectorStore("helpdesk", {"dsn": dsn}).versions()


@pytest.mark.postgres
def test_a_server_that_breaks_off_is_an_infrastructure_error(postgres_dsn):
    arguments = connect_arguments(postgres_dsn)

    def break_off():
        with closing(PostgresConnection(arguments)) as connection, closing(PostgresConnection(arguments)) as other:
            pid = connection.run("SELECT pg_backend_pid()")[0][0]
            other.run("SELECT pg_terminate_backend(:pid)", pid=pid)
            connection.run("SELECT 1")
            connection.run("SELECT 1")

    with pytest.raises(InfrastructureError, match=r"store\.options\.dsn"):
        break_off()


@pytest.mark.postgres
def test_what_is_not_committed_is_rolled_back(postgres_dsn):
    arguments = connect_arguments(postgres_dsn)
    assert arguments["unix_sock"] == make_url(postgres_dsn).query["unix_sock"]
    with closing(PostgresConnection(arguments)) as connection:
        connection.run("START TRANSACTION")
        connection.run("CREATE TABLE half_built (x int)")
    with closing(PostgresConnection(arguments)) as connection:
        assert connection.run("SELECT to_regclass('half_built')") == [[None]]
