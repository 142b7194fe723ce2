"""The DAG files as Airflow sees them: what there is, in which order it runs, and what parsing costs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kbgate.pipeline import STAGES
from small_kb import KB, SmallKb

PROJECT = Path(__file__).parents[2]
FILES = sorted((PROJECT / "dags").glob("*.py"))
CANDIDATE_DAGS = ("kb_ingest", "kb_hotfix_reindex")
REACHED_BY_DAGS = {"kbgate"} | {
    f"kbgate.{name}"
    for name in (
        "airflow_adapter",
        "errors",
        "locations",
        "parts",
        "records",
        "results",
        "sections",
        "settings",
        "variables",
    )
}
MOST_MODULES = 150
"""Modules that the DAG files may load beyond airflow.sdk; measured: 97, nearly all of them pydantic-settings."""
SECOND_KB = """
[kb.second]
schedule = "30 3 * * *"
source = { kind = "jsonl", options = { path = "x.jsonl" } }
"""


def ask(environment: dict[str, str], question: str, argument: Path) -> dict[str, Any]:
    """Ask Airflow in a process of its own, see dag_facts.py."""
    script = str(Path(__file__).with_name("dag_facts.py"))
    answered = subprocess.run(
        [sys.executable, script, question, str(argument)], env=environment, capture_output=True, text=True, check=False
    )
    assert answered.returncode == 0, answered.stderr[-3000:]
    line = next(line for line in answered.stdout.splitlines() if line.startswith("ANSWER "))
    return dict(json.loads(line.removeprefix("ANSWER ")))


@pytest.fixture(scope="module")
def facts(airflow_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every DAG of two knowledge bases."""
    kb = SmallKb(tmp_path_factory.mktemp("two_kbs"))
    with kb.settings_file.open("a") as file:
        file.write(SECOND_KB)
    return ask({**airflow_environment, **kb.environment, "KBGATE_AIRFLOW_POOL": "ingests"}, "facts", PROJECT / "dags")


@pytest.fixture(params=CANDIDATE_DAGS)
def candidate_dag(request: pytest.FixtureRequest, facts: dict[str, Any]) -> dict[str, Any]:
    return dict(facts["dags"][f"{request.param}__{KB}"])


def test_every_dag_file_imports(facts: dict[str, Any]) -> None:
    assert facts["errors"] == {}


def test_each_knowledge_base_has_one_dag_a_file(facts: dict[str, Any]) -> None:
    assert set(facts["dags"]) == {f"{file.stem}__{kb}" for file in FILES for kb in (KB, "second")}
    assert all(dag_id == f"{dag['file']}__{dag['tags'][-1]}" for dag_id, dag in facts["dags"].items())


def test_only_the_ingest_is_scheduled_and_by_the_settings(facts: dict[str, Any]) -> None:
    schedules = {dag_id: dag["schedule"] for dag_id, dag in facts["dags"].items()}
    assert {dag_id for dag_id, schedule in schedules.items() if schedule} == {"kb_ingest__second"}
    assert "30 3 * * *" in schedules["kb_ingest__second"]
    assert not any(dag["catchup"] for dag in facts["dags"].values())


def test_the_tasks_of_a_candidate_are_the_stages(candidate_dag: dict[str, Any]) -> None:
    assert set(candidate_dag["tasks"]) == set(STAGES)


def test_the_tasks_of_a_rollback_are_stages(facts: dict[str, Any]) -> None:
    tasks = facts["dags"][f"kb_rollback__{KB}"]["tasks"]
    assert set(tasks) == {"roll_back", "report"}
    assert tasks["report"]["upstream"] == ["roll_back"]
    tasks = facts["dags"][f"kb_promote__{KB}"]["tasks"]
    assert set(tasks) == {"promote_by_hand", "report"}
    assert tasks["report"]["upstream"] == ["promote_by_hand"]


def test_what_users_wait_for_goes_before_every_task_of_an_ingest(facts: dict[str, Any]) -> None:
    weights = {dag_id: {task["priority"] for task in dag["tasks"].values()} for dag_id, dag in facts["dags"].items()}
    by_hand = {dag_id for dag_id in weights if dag_id.startswith(("kb_rollback__", "kb_promote__"))}
    assert min(min(weights[dag_id]) for dag_id in by_hand) > max(
        max(weights[dag_id]) for dag_id in weights.keys() - by_hand
    )


def test_only_candidates_take_their_slots_of_the_pool_in_the_settings(facts: dict[str, Any]) -> None:
    pools = {dag_id: {task["pool"] for task in dag["tasks"].values()} for dag_id, dag in facts["dags"].items()}
    assert {dag_id.partition("__")[0]: found for dag_id, found in pools.items()} == {
        "kb_ingest": {"ingests"},
        "kb_hotfix_reindex": {"ingests"},
        "kb_rollback": {"default_pool"},
        "kb_promote": {"default_pool"},
    }


def test_what_is_started_by_hand_needs_no_switching_on(facts: dict[str, Any]) -> None:
    paused = {dag_id.partition("__")[0]: dag["paused_at_first"] for dag_id, dag in facts["dags"].items()}
    assert {stem for stem, value in paused.items() if value is False} == {
        "kb_hotfix_reindex",
        "kb_rollback",
        "kb_promote",
    }


def test_tasks_run_in_the_order_of_the_pipeline(candidate_dag: dict[str, Any]) -> None:
    for name, task in candidate_dag["tasks"].items():
        assert all(STAGES.index(before) < STAGES.index(name) for before in task["upstream"])
    upstream = {name: set(task["upstream"]) for name, task in candidate_dag["tasks"].items()}
    assert upstream["embed_chunks"] == {"check_documents", "check_chunks"}, "nothing is embedded before both gates"
    assert upstream["decide"] >= {"check_documents", "check_chunks", "reconcile", "check_drift", "check_recall"}
    assert upstream["check_recall"] == {"check_golden_set"}, "recall leaves out the questions that were found stale"
    assert upstream["promote"] == {"decide"}


def test_only_three_tasks_run_after_a_failure(candidate_dag: dict[str, Any]) -> None:
    rules = {name: task["trigger_rule"] for name, task in candidate_dag["tasks"].items()}
    assert {name for name, rule in rules.items() if rule != "all_success"} == {"plan_changes", "decide", "report"}
    assert (rules["plan_changes"], rules["decide"]) == ("all_done", "all_done")
    assert rules["report"].startswith("all_done")


def test_the_report_is_a_teardown_that_cannot_turn_a_red_run_green(facts: dict[str, Any]) -> None:
    for dag in facts["dags"].values():
        teardowns = {name for name, task in dag["tasks"].items() if task["is_teardown"]}
        assert teardowns == {"report"}
        assert not dag["tasks"]["report"]["fails_the_run"]


def test_one_candidate_at_a_time(candidate_dag: dict[str, Any]) -> None:
    assert candidate_dag["max_active_runs"] == 1


def test_a_rollback_does_not_wait_for_another_rollback(facts: dict[str, Any]) -> None:
    assert facts["dags"][f"kb_rollback__{KB}"]["max_active_runs"] > 1


def test_every_task_is_tried_again_when_something_was_down(facts: dict[str, Any]) -> None:
    for dag in facts["dags"].values():
        for name, task in dag["tasks"].items():
            assert task["retries"] == (12 if name == "open_run" else 2), "open_run waits for another run's lease"


def test_every_dag_and_every_task_is_explained(facts: dict[str, Any]) -> None:
    for dag_id, dag in facts["dags"].items():
        assert dag_id.partition("__")[2] in dag["doc"]
        assert "{kb}" not in dag["doc"]
        for name, task in dag["tasks"].items():
            assert task["doc"].strip().endswith("."), f"{dag_id}.{name}"


def test_every_parameter_is_explained_or_speaks_for_itself(facts: dict[str, Any]) -> None:
    for dag in facts["dags"].values():
        for name, param in dag["params"].items():
            assert param["description"] or name.startswith(("chunk_", "after_")), name


def test_only_what_moves_the_pointer_updates_the_live_asset(facts: dict[str, Any]) -> None:
    outlets = {
        (dag_id, name): task["outlets"]
        for dag_id, dag in facts["dags"].items()
        for name, task in dag["tasks"].items()
        if task["outlets"]
    }
    assert {name for _, name in outlets} == {"promote", "roll_back", "promote_by_hand"}
    for (dag_id, _), uris in outlets.items():
        assert uris == [f"kbgate://{dag_id.partition('__')[2]}/live"]


@pytest.mark.parametrize("stem", ["kb_hotfix_reindex", "kb_rollback", "kb_promote"])
def test_what_is_started_by_hand_needs_a_reason(facts: dict[str, Any], stem: str) -> None:
    params = facts["dags"][f"{stem}__{KB}"]["params"]
    wanted = {"reason", "version"} if stem == "kb_promote" else {"reason"}
    assert {name for name, param in params.items() if param["required"]} == wanted


@pytest.mark.parametrize(
    ("stem", "name", "good", "bad"),
    [
        ("kb_hotfix_reindex", "reason", "bad chunks", "no"),
        ("kb_hotfix_reindex", "chunk_size_tokens", 350, 0),
        ("kb_hotfix_reindex", "chunk_size_tokens", None, "350"),
        ("kb_hotfix_reindex", "chunk_overlap_tokens", 0, -1),
        ("kb_hotfix_reindex", "model_sha256", "a" * 64, "not a hash"),
        ("kb_hotfix_reindex", "after_gates", "build only", "skip the gates"),
        ("kb_ingest", "mode", "delta", "weekly"),
        ("kb_ingest", "mode", None, 1),
        ("kb_ingest", "batch", "s3://exports/today.jsonl", ["a", "b"]),
        ("kb_hotfix_reindex", "reason", "bad chunks", "      "),
        ("kb_rollback", "reason", "users complain", ""),
        ("kb_rollback", "reason", "users complain", "      "),
        ("kb_promote", "reason", "looked at it", "      "),
        ("kb_promote", "version", "v1.0.2", "latest"),
        ("kb_rollback", "target_version", None, 1.2),
    ],
)
def test_parameters_are_checked_before_a_run_starts(
    facts: dict[str, Any], stem: str, name: str, good: Any, bad: Any
) -> None:
    schema = facts["dags"][f"{stem}__{KB}"]["params"][name]["schema"]
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bad, schema)


def test_no_parameter_is_a_gates_threshold(facts: dict[str, Any]) -> None:
    names = {name for dag in facts["dags"].values() for name in dag["params"]}
    assert not {name for name in names if name.startswith(("min_", "max_")) or "recall" in name or "drift" in name}


def test_parsing_the_dag_files_loads_nothing_heavy(airflow_environment: dict[str, str]) -> None:
    cost = ask(airflow_environment, "cost", PROJECT / "dags")
    assert cost["heavy"] == []
    assert {".".join(name.split(".")[:2]) for name in cost["kbgate"]} <= REACHED_BY_DAGS
    assert cost["n_modules"] <= MOST_MODULES
