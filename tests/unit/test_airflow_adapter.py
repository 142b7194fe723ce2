"""Addresses and passwords from Airflow connections; asked in one process of its own, so that this one never imports Airflow."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import make_url

from kbgate.releases.registry import Registry
from small_kb import KB, SmallKb

QUESTION = """
import json
from airflow.utils.db import initdb
initdb()
from kbgate.airflow_adapter import live_asset, with_connections
from kbgate.errors import KbgateError
from kbgate.settings import load_settings

def answer(registry, **sections):
    settings = load_settings()
    section = settings.kb["small"]
    parts = {name: getattr(section, name).model_copy(update=values) for name, values in sections.items()}
    settings = settings.model_copy(update={
        "registry": settings.registry.model_copy(update={"airflow_connection": registry}),
        "kb": {"small": section.model_copy(update=parts)},
    })
    try:
        found = with_connections(settings, "small")
    except KbgateError as error:
        return {"error": str(error)}
    dsn = found.registry.dsn
    return {
        "registry": dsn and dsn.get_secret_value(),
        "source": found.kb["small"].source.options,
        "store": found.kb["small"].store.options,
        "shown": repr(found.registry),
    }

print("ANSWER", json.dumps({
    "by uri": answer("by_uri"),
    "by fields": answer("by_fields"),
    "sqlite": answer("sqlite_file"),
    "absent": answer("kbgate_registry"),
    "parts": answer("absent", source={"airflow_connection": "by_uri"},
                    store={"airflow_connection": "by_fields", "options": {"schema": "kb"}}),
    "missing": answer("absent", store={"airflow_connection": "nowhere"}),
    "asset": live_asset("small").uri,
}))
"""


@pytest.fixture(scope="module")
def answers(airflow_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    kb = SmallKb(tmp_path_factory.mktemp("connections"))
    fields = {
        "conn_type": "postgres",
        "login": "kb",
        "password": "p@ss/word",
        "host": "db",
        "port": 5433,
        "schema": "kbgate",
    }
    connections = {
        "AIRFLOW_CONN_BY_URI": "postgresql://kb:p%40ss%2Fword@db:5433/kbgate",
        "AIRFLOW_CONN_BY_FIELDS": json.dumps(fields),
        "AIRFLOW_CONN_SQLITE_FILE": f"sqlite:///{kb.folder}/registry.db",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{kb.folder}/airflow.db",
    }
    ended = subprocess.run(
        [sys.executable, "-c", QUESTION],
        env={**airflow_environment, **kb.environment, **connections},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    line = next(line for line in ended.stdout.splitlines() if line.startswith("ANSWER "))
    return {**json.loads(line.removeprefix("ANSWER ")), "folder": str(kb.folder)}


@pytest.mark.parametrize("connection", ["by uri", "by fields"])
def test_a_postgresql_connection_becomes_a_dsn_of_the_driver_that_is_installed(
    answers: dict[str, Any], connection: str
) -> None:
    url = make_url(answers[connection]["registry"])
    assert (url.drivername, url.username, url.password) == ("postgresql+pg8000", "kb", "p@ss/word")
    assert (url.host, url.port, url.database) == ("db", 5433, "kbgate")


def test_a_sqlite_connection_opens_the_file_that_it_names(answers: dict[str, Any]) -> None:
    assert make_url(answers["sqlite"]["registry"]).database == f"{answers['folder']}/registry.db"
    registry = Registry(answers["sqlite"]["registry"])
    registry.migrate()
    assert registry.versions(KB) == []
    registry.close()


def test_a_registry_connection_may_be_absent(answers: dict[str, Any]) -> None:
    assert answers["absent"]["registry"] is None


def test_a_password_is_not_shown_with_the_settings(answers: dict[str, Any]) -> None:
    assert "p@ss" not in answers["by fields"]["shown"]
    assert "p%40ss" not in answers["by fields"]["shown"]


def test_source_and_store_keep_their_options_beside_the_address(answers: dict[str, Any]) -> None:
    parts = answers["parts"]
    assert parts["store"]["schema"] == "kb"
    assert make_url(parts["store"]["dsn"]).password == "p@ss/word"
    assert set(parts["source"]) == {"path", "dsn"}


def test_a_connection_that_does_not_exist_is_named_with_its_setting(answers: dict[str, Any]) -> None:
    wanted = "kb.small.store.airflow_connection names 'nowhere', and Airflow has no such connection. Create it"
    assert answers["missing"]["error"].startswith(wanted)


def test_the_asset_of_a_knowledge_base_is_its_live_version(answers: dict[str, Any]) -> None:
    assert answers["asset"] == f"kbgate://{KB}/live"
