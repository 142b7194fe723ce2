"""Run as a script in a process of its own: parse every DAG file and print what Airflow sees as JSON."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

HEAVY = ("great_expectations", "lancedb", "pandas", "sentence_transformers", "sklearn", "torch", "transformers")


def parse_cost(folder: Path) -> dict[str, Any]:
    """Import every DAG file and say which modules that loaded beyond Airflow's own interface for DAG authors."""
    import airflow.sdk

    assert airflow.sdk.DAG, "airflow.sdk loads its names when they are asked for"
    before = set(sys.modules)
    for file in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"parsed_{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    added = set(sys.modules) - before
    return {
        "heavy": [name for name in HEAVY if name in sys.modules],
        "kbgate": sorted(name for name in added if name.partition(".")[0] == "kbgate"),
        "n_modules": len(added),
    }


def dag_facts(folder: Path) -> dict[str, Any]:
    """Load every DAG as the DAG processor would."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(folder))
    return {"errors": dict(bag.import_errors), "dags": {dag_id: _facts(dag) for dag_id, dag in bag.dags.items()}}


def _facts(dag: Any) -> dict[str, Any]:
    return {
        "file": Path(dag.fileloc).stem,
        "doc": dag.doc_md or "",
        "catchup": dag.catchup,
        "paused_at_first": dag.is_paused_upon_creation,
        "max_active_runs": dag.max_active_runs,
        "schedule": str(dag.schedule) if dag.schedule else None,
        "tags": sorted(dag.tags),
        "params": {name: _param_facts(dag.params.get_param(name)) for name in dag.params},
        "tasks": {task.task_id: _task_facts(task) for task in dag.tasks},
    }


def _task_facts(task: Any) -> dict[str, Any]:
    return {
        "doc": task.doc_md or task.doc or "",
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "upstream": sorted(task.upstream_task_ids),
        "retries": task.retries,
        "pool": task.pool,
        "priority": _priority(task),
        "is_teardown": task.is_teardown,
        "fails_the_run": task.on_failure_fail_dagrun,
        "outlets": [asset.uri for asset in task.outlets],
    }


def _priority(task: Any) -> int:
    """The weight that the scheduler orders tasks by: at most, by default one's own and that of every other task."""
    absolute = str(getattr(task.weight_rule, "value", task.weight_rule)) == "absolute"
    return int(task.priority_weight) * (1 if absolute else len(task.dag.tasks))


def _param_facts(param: Any) -> dict[str, Any]:
    from airflow.sdk.definitions._internal.types import is_arg_set

    return {"schema": param.schema, "required": not is_arg_set(param.value), "description": param.description or ""}


if __name__ == "__main__":
    question, argument = sys.argv[1], Path(sys.argv[2])
    answer = {"cost": parse_cost, "facts": dag_facts}[question](argument)
    print("ANSWER", json.dumps(answer))
