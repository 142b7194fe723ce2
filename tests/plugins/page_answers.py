"""Run as a script in a process of its own: Airflow's web application with the plugin, asked by several users; prints the answers."""

import json
import sys
from typing import Any

import airflow.api_fastapi.app as airflow_app
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from fastapi.testclient import TestClient

DAG_ID = "kb_ingest__small"
RUN = "kbgate/runs/kb_ingest__small/manual__2026-11-24T05%3A00%3A00%2B00%3A00"
PATHS = {
    "index": "kbgate/",
    "style": "kbgate/style.css",
    "run": RUN,
    "task": f"{RUN}/tasks/check_recall",
    "csv": f"{RUN}/quarantine.csv",
    "versions": f"kbgate/kb/{DAG_ID}/versions",
    "nothing": "kbgate/nothing/here",
}


def answers() -> dict[str, Any]:
    """What everybody gets, and what loading the plugin alone imported."""
    import airflow.plugins_manager as plugins_manager

    plugins_manager._get_plugins()
    heavy = [
        name for name in ("pandas", "altair", "pyarrow", "kbgate.web.app", "kbgate.settings") if name in sys.modules
    ]
    initdb()
    with create_session() as session:
        session.add(DagBundleModel(name="dags"))
        session.flush()
        session.add(DagModel(dag_id=DAG_ID, bundle_name="dags"))
    app = airflow_app.create_app(apps="core")
    manager = airflow_app.get_auth_manager()

    def ask(role: str | None, logged_in: bool = True) -> dict[str, Any]:
        client = TestClient(app, base_url="http://testserver/airflow", follow_redirects=False)
        if logged_in:
            user = SimpleAuthManagerUser(username="somebody", role=role)
            client.cookies.set("_token", manager.generate_jwt(user))
        got = {name: client.get(path) for name, path in PATHS.items()}
        return {
            name: {"status": answer.status_code, "text": answer.text, "headers": dict(answer.headers)}
            for name, answer in got.items()
        }

    plugin = next(plugin for plugin in plugins_manager._get_plugins()[0] if plugin.name == "kbgate")
    return {
        "heavy": heavy,
        "views": plugin.external_views,
        "anonymous": ask(None, logged_in=False),
        "foreign": ask(None),
        "viewer": ask("VIEWER"),
    }


if __name__ == "__main__":
    sys.stdout.write(f"\nANSWER {json.dumps(answers())}\n")
