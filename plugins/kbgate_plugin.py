"""kbgate inside Airflow: the report of every run, the knowledge bases in the menu, and the verdict as the note of a run.

Airflow imports this file in every one of its processes, so it loads nothing heavy: the pages are built at the first request.
"""

import asyncio
import logging
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.utils.session import create_session
from sqlalchemy.orm import object_session

if TYPE_CHECKING:
    from kbgate.settings import Settings
    from kbgate.web.access import Access

log = logging.getLogger(__name__)
STEMS = ("kb_ingest", "kb_hotfix_reindex", "kb_rollback", "kb_promote")
RUN_TAB = "kbgate-report"
MARKDOWN = re.compile(r"[\\*\[\]<>]")


class ReportPages:
    """The pages as an ASGI application, made when the first request comes."""

    @cached_property
    def app(self) -> Any:
        """The application, guarded by Airflow's own access checks."""
        from kbgate.web.app import create_app

        return create_app(page_settings, airflow_access())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request; the first one's imports take seconds, which no other request should wait for."""
        app = await asyncio.to_thread(lambda: self.app)
        await app(scope, receive, send)


def airflow_access() -> "Access":
    """Who may see what, as the Airflow that runs here decides it."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
    from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag, requires_access_view

    from kbgate.web.access import Access

    def readable_dag_ids(user: GetUserDep) -> set[str]:
        return get_auth_manager().get_authorized_dag_ids(user=user)

    return Access(
        may_read_dag=requires_access_dag("GET", DagAccessEntity.RUN),
        may_see_pages=requires_access_view(AccessView.PLUGINS),
        readable_dag_ids=readable_dag_ids,
    )


def page_settings() -> "Settings":
    """The settings with the registry's address from its Airflow connection, if there is one."""
    from kbgate.airflow_adapter import with_registry_connection
    from kbgate.settings import load_settings

    return with_registry_connection(load_settings())


class VerdictNote:
    """When a run of kbgate ends, its one-sentence verdict is written into the run's header."""

    @hookimpl
    def on_dag_run_success(self, dag_run: Any, msg: str) -> None:
        """A run ended green."""
        write_note(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: Any, msg: str) -> None:
        """A run ended red."""
        write_note(dag_run)


def write_note(dag_run: Any) -> None:
    """Copy the headline of the run's report into its note, with a link; a run without a report is left as it is."""
    stem, _, kb = dag_run.dag_id.partition("__")
    if stem not in STEMS or not kb:
        return
    from kbgate.artifacts import RunFolder, run_key_of
    from kbgate.errors import KbgateError
    from kbgate.settings import load_settings

    try:
        folder = RunFolder(load_settings().artifact_root, kb, run_key_of(dag_run.dag_id, dag_run.run_id))
        if folder.exists("report.json"):
            _set_note(dag_run, note_of(folder.read_json("report.json")["headline"], dag_run.dag_id, dag_run.run_id))
    except KbgateError as error:
        log.warning("The verdict of %s %s could not become its note: %s", dag_run.dag_id, dag_run.run_id, error)


def note_of(headline: str, dag_id: str, run_id: str) -> str:
    """The note in Markdown: the headline as plain text, and a link to the report that holds under any path of Airflow."""
    # A headline may quote a document: it must not become a link or an image.
    text = MARKDOWN.sub(r"\\\g<0>", " ".join(headline.split()))
    # One paragraph: Airflow shows no more of a note in the run's header.
    return f"{text} [Report](dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}/plugin/{RUN_TAB})"


def _set_note(dag_run: Any, note: str) -> None:
    if object_session(dag_run) is not None:
        dag_run.note = note
        return
    # `dag.test()` hands over a run that has lost its session; the scheduler never does.
    with create_session() as session:
        session.merge(dag_run).note = note


class KbgatePlugin(AirflowPlugin):
    """What Airflow loads; the addresses are relative, so that they hold when Airflow is served under a path."""

    name = "kbgate"
    listeners = [VerdictNote()]  # noqa: RUF012 - Airflow reads plain class attributes
    fastapi_apps = [{"name": "kbgate", "app": ReportPages(), "url_prefix": "/kbgate"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Knowledge bases",
            "href": "kbgate/",
            "destination": "nav",
            "url_route": "kbgate",
            "nav_top_level": True,
        },
        {
            "name": "kbgate report",
            "href": "kbgate/runs/{DAG_ID}/{RUN_ID}",
            "destination": "dag_run",
            "url_route": RUN_TAB,
        },
        {
            "name": "kbgate report",
            "href": "kbgate/runs/{DAG_ID}/{RUN_ID}/tasks/{TASK_ID}",
            "destination": "task_instance",
            "url_route": "kbgate-task",
        },
    ]
