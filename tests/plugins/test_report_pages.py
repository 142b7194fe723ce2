"""The pages behind Airflow's own access check, in Airflow's own web application, served under a path."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from web_pages import DAG_ID, FIRST, ingest_in


@pytest.fixture(scope="module")
def answers(airflow_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What page_answers.py got."""
    kb = ingest_in(tmp_path_factory.mktemp("pages"), FIRST)
    more = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{kb.folder}/airflow.db",
        "AIRFLOW__API__BASE_URL": "http://testserver/airflow",
    }
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("page_answers.py"))],
        env={**airflow_environment, **kb.environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    line = next(line for line in ended.stdout.splitlines() if line.startswith("ANSWER "))
    return dict(json.loads(line.removeprefix("ANSWER ")))


def test_loading_the_plugin_loads_none_of_the_pages(answers: dict[str, Any]) -> None:
    assert answers["heavy"] == []


def test_who_is_not_logged_in_gets_401_everywhere(answers: dict[str, Any]) -> None:
    found = answers["anonymous"]
    assert {name: answer["status"] for name, answer in found.items() if name != "nothing"} == {
        name: 401 for name in found if name != "nothing"
    }
    assert found["nothing"]["status"] == 404
    assert not any("small" in answer["text"] for answer in found.values())


def test_who_has_no_role_gets_403_everywhere(answers: dict[str, Any]) -> None:
    found = {name: answer for name, answer in answers["foreign"].items() if name != "nothing"}
    assert {answer["status"] for answer in found.values()} == {403}
    assert not any("small" in answer["text"] for answer in found.values())


def test_a_viewer_reads_the_report_and_finds_the_knowledge_base(answers: dict[str, Any]) -> None:
    found = answers["viewer"]
    assert found["run"]["status"] == 200
    assert "Promoted v1.0.0" in found["run"]["text"]
    assert f'href="/airflow/kbgate/kb/{DAG_ID}/versions"' in found["index"]["text"]
    assert found["versions"]["status"] == 200
    assert found["csv"]["status"] == 200
    assert found["task"]["headers"]["location"].endswith("#recall")
    assert found["style"]["headers"]["content-type"].startswith("text/css")


def test_every_address_under_the_path_of_airflow(answers: dict[str, Any]) -> None:
    assert 'href="/airflow/kbgate/style.css"' in answers["viewer"]["run"]["text"]
    assert answers["viewer"]["task"]["headers"]["location"].startswith("/airflow/kbgate/runs/")


def test_airflow_keeps_the_security_headers(answers: dict[str, Any]) -> None:
    headers = answers["viewer"]["run"]["headers"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


def test_the_tabs_have_relative_addresses_and_routes_of_their_own(answers: dict[str, Any]) -> None:
    views = answers["views"]
    assert {view["destination"] for view in views} == {"nav", "dag_run", "task_instance"}
    assert len({view["url_route"] for view in views}) == len(views)
    assert all(view["href"].startswith("kbgate/") for view in views)
