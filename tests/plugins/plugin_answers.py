"""Run as a script in a process of its own: load the plugin as Airflow does, end runs before its listener, print their notes."""

import json
import sys
from typing import Any

import airflow.plugins_manager as plugins_manager
from airflow.listeners.listener import get_listener_manager
from airflow.models.dagrun import DagRun
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType

from kbgate.artifacts import RunFolder, run_key_of
from kbgate.settings import load_settings

RUN_ID = "manual__2026-11-24T05:00:00+00:00"
HOSTILE = "Worst: '![x](https://evil.example/a.png)' <img src=x> [a](javascript:alert(1))\n\n# of *all* `code`"


def note_of(
    dag_id: str, state: DagRunState, report: dict[str, str] | bytes | None, *, detached: bool = False
) -> str | None:
    """Write a report (if any) where the run's stages would, end the run, and return what then stands in its note."""
    kb = dag_id.rpartition("__")[2]
    if report is not None:
        folder = RunFolder(load_settings().artifact_root, kb, run_key_of(dag_id, RUN_ID))
        folder.write_bytes("report.json", json.dumps(report).encode() if isinstance(report, dict) else report)
    hook = get_listener_manager().hook
    ended = hook.on_dag_run_success if state == DagRunState.SUCCESS else hook.on_dag_run_failed
    with create_session() as session:
        run = DagRun(dag_id=dag_id, run_id=RUN_ID, run_type=DagRunType.MANUAL, state=state)
        session.add(run)
        session.commit()
        run_number = run.id
        if detached:
            session.expunge(run)
        ended(dag_run=run, msg="")
    with create_session() as session:
        found = session.get(DagRun, run_number)
        assert found is not None
        return found.note


def answers() -> dict[str, Any]:
    """Everything the tests ask."""
    initdb()
    plugins, errors = plugins_manager._get_plugins()
    green = {"headline": "Promoted v1.0.1."}
    red = {"headline": "Blocked: 20.0 % of documents have no text. Live stays v1.0.0."}
    return {
        "plugins": [plugin.name for plugin in plugins],
        "errors": errors,
        "green": note_of("kb_ingest__green", DagRunState.SUCCESS, green),
        "red": note_of("kb_hotfix_reindex__red", DagRunState.FAILED, red),
        "detached": note_of("kb_rollback__detached", DagRunState.SUCCESS, green, detached=True),
        "without report": note_of("kb_ingest__silent", DagRunState.FAILED, None),
        "another dag": note_of("somebody_elses__green", DagRunState.SUCCESS, green),
        "no knowledge base": note_of("kb_ingest", DagRunState.SUCCESS, None),
        "hostile report": note_of("kb_ingest__hostile", DagRunState.FAILED, {"headline": HOSTILE}),
        "spoilt report": note_of("kb_ingest__spoilt", DagRunState.FAILED, b"{"),
    }


if __name__ == "__main__":
    sys.stdout.write(f"\nANSWER {json.dumps(answers())}\n")
