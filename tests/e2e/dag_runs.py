"""Run as a script in a process of its own: run DAGs one after another with `dag.test()` and print how each ended as JSON.

Argument: a JSON list of `{"dag_id": ..., "conf": {...}}`. The answer is read from Airflow's database, in which the runs stay.
"""

import json
import sys
import time
from typing import Any

PAUSE_SECONDS = 0.01


def hurry() -> None:
    """Shorten every pause of this process to 10 ms: `dag.test()` waits a second each time a skipped task has yet to skip the next."""
    pause = time.sleep
    time.sleep = lambda seconds: pause(min(seconds, PAUSE_SECONDS))


def run_dags(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Migrate the database, then run each DAG and read back what became of it."""
    from airflow.configuration import conf
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    hurry()
    answers = []
    for run in runs:
        # Parsed anew each time, as a worker does: a DAG object keeps the parameters of its last run.
        bag = DagBag(conf.get("core", "dags_folder"))
        dag_run = bag.dags[run["dag_id"]].test(run_conf=run.get("conf", {}))
        with create_session() as session:
            answers.append(_ended(dag_run.dag_id, dag_run.run_id, session))
    return answers


def _ended(dag_id: str, run_id: str, session: Any) -> dict[str, Any]:
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    run = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).one()
    tasks = session.scalars(select(TaskInstance).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id))
    events = session.execute(
        select(AssetModel.uri, AssetEvent.extra, AssetEvent.source_task_id)
        .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        .where(AssetEvent.source_dag_id == dag_id, AssetEvent.source_run_id == run_id)
    )
    return {
        "dag_id": dag_id,
        "run_id": run_id,
        "state": str(run.state.value if hasattr(run.state, "value") else run.state),
        "note": run.note,
        "tasks": {
            task.task_id: str(task.state.value if hasattr(task.state, "value") else task.state) for task in tasks
        },
        "events": [{"uri": uri, "extra": extra, "task": task} for uri, extra, task in events],
    }


if __name__ == "__main__":
    found = run_dags(json.loads(sys.argv[1]))
    print("ANSWER", json.dumps(found))
