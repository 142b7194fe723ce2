import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from small_kb import SmallKb

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture(scope="module")
def answers(airflow_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What plugin_answers.py found with the plugin loaded."""
    kb = SmallKb(tmp_path_factory.mktemp("plugin"))
    # A database of its own: runs of other tests must not meet these.
    database = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{kb.folder}/airflow.db"}
    script = str(Path(__file__).with_name("plugin_answers.py"))
    ended = subprocess.run(
        [sys.executable, script],
        env={**airflow_environment, **kb.environment, **database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    line = next(line for line in ended.stdout.splitlines() if line.startswith("ANSWER "))
    return dict(json.loads(line.removeprefix("ANSWER ")))


def test_the_folder_holds_one_module_with_a_name_that_no_other_has() -> None:
    # Airflow imports every file under its bare name.
    assert [path.name for path in PLUGINS.rglob("*.py")] == ["kbgate_plugin.py"]


def test_airflow_loads_the_plugin(answers: dict[str, Any]) -> None:
    assert "kbgate" in answers["plugins"]
    assert answers["errors"] == {}


def link(dag_id: str) -> str:
    """Relative, so that it holds when Airflow is served under a path: its pages have a base address."""
    return f" [Report](dags/{dag_id}/runs/manual__2026-11-24T05%3A00%3A00%2B00%3A00/plugin/kbgate-report)"


def test_the_verdict_and_a_link_become_the_note_of_a_green_and_of_a_red_run(answers: dict[str, Any]) -> None:
    assert answers["green"] == "Promoted v1.0.1." + link("kb_ingest__green")
    red = "Blocked: 20.0 % of documents have no text. Live stays v1.0.0."
    assert answers["red"] == red + link("kb_hotfix_reindex__red")


def test_a_run_that_lost_its_session_gets_its_note_too(answers: dict[str, Any]) -> None:
    assert answers["detached"] == "Promoted v1.0.1." + link("kb_rollback__detached")


def test_text_from_documents_becomes_no_link_and_no_image_in_the_note(answers: dict[str, Any]) -> None:
    note = answers["hostile report"].removesuffix(link("kb_ingest__hostile"))
    html = MarkdownIt("commonmark").render(note)
    assert html.startswith("<p>Worst: ")
    assert not re.search("<(a|img|h1|em|p>.*<p)", html)


@pytest.mark.parametrize("name", ["without report", "another dag", "no knowledge base"])
def test_a_run_without_a_report_of_kbgate_is_left_alone(answers: dict[str, Any], name: str) -> None:
    assert answers[name] is None


def test_a_spoilt_report_leaves_the_run_as_it_is(answers: dict[str, Any]) -> None:
    assert answers["spoilt report"] is None
