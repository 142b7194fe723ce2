"""kbgate inside Airflow: the verdict of a run becomes the note of the run."""

import logging
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.utils.session import create_session
from sqlalchemy.orm import object_session

log = logging.getLogger(__name__)
STEMS = ("kb_ingest", "kb_hotfix_reindex", "kb_rollback")


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
    """Copy the headline of the run's report into its note; a run without a report is left as it is."""
    stem, _, kb = dag_run.dag_id.partition("__")
    if stem not in STEMS or not kb:
        return
    from kbgate.artifacts import RunFolder, run_key_of
    from kbgate.errors import KbgateError
    from kbgate.settings import load_settings

    try:
        folder = RunFolder(load_settings().artifact_root, kb, run_key_of(dag_run.dag_id, dag_run.run_id))
        if folder.exists("report.json"):
            _set_note(dag_run, folder.read_json("report.json")["headline"])
    except KbgateError as error:
        log.warning("The verdict of %s %s could not become its note: %s", dag_run.dag_id, dag_run.run_id, error)


def _set_note(dag_run: Any, note: str) -> None:
    if object_session(dag_run) is not None:
        dag_run.note = note
        return
    # `dag.test()` hands over a run that has lost its session; the scheduler never does.
    with create_session() as session:
        session.merge(dag_run).note = note


class KbgatePlugin(AirflowPlugin):
    """What Airflow loads."""

    name = "kbgate"
    listeners = [VerdictNote()]  # noqa: RUF012 - Airflow reads a plain class attribute
