"""The report of one run: the tab on Airflow's page of a DAG run, and of a task."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, RedirectResponse

from kbgate.artifacts import RunFolder
from kbgate.pipeline import GATES
from kbgate.web.context import DAG_STEMS, WebContext
from kbgate.web.environment import segment
from kbgate.web.run_report import read_run_report

SECTIONS = {
    "read_documents": "documents",
    "plan_changes": "changes",
    "chunk_documents": "chunks",
    "embed_chunks": "changes",
    "build_candidate": "changes",
    "decide": "decision",
    "promote": "decision",
    "roll_back": "decision",
    "promote_by_hand": "decision",
    **GATES,
}
"""Task -> section of the report that tells what it found."""
RUN_KEY = r"^[\w-]{1,110}$"


def router(context: WebContext) -> APIRouter:
    """Return the routes of the run report."""
    pages = APIRouter(dependencies=[Depends(context.access.may_read_dag)])

    @pages.get("/runs/{dag_id}/{run_id}")
    def report_of_run(request: Request, dag_id: str, run_id: str) -> HTMLResponse:
        if dag_id.partition("__")[0] not in DAG_STEMS:
            # Airflow shows the tab on the runs of every DAG.
            message = "This DAG is none of kbgate's, so its runs have no report here."
            return context.page(request, "problem.html", title="No report for this run", message=message)
        return _report(context, request, dag_id, context.run_folder(dag_id, run_id))

    @pages.get("/runs/{dag_id}/{run_id}/tasks/{task_id}")
    def section_of_task(request: Request, dag_id: str, run_id: str, task_id: str) -> RedirectResponse:
        root = str(request.scope.get("root_path", "")).rstrip("/")
        section = SECTIONS.get(task_id, "top")
        return RedirectResponse(f"{root}/runs/{segment(dag_id)}/{segment(run_id)}#{section}", 303)

    @pages.get("/kb/{dag_id}/runs/{run_key}")
    def report_of_run_key(
        request: Request, dag_id: str, run_key: Annotated[str, PathParameter(pattern=RUN_KEY)]
    ) -> HTMLResponse:
        kb = context.knowledge_base(dag_id)
        return _report(context, request, dag_id, RunFolder(context.load_settings().artifact_root, kb, run_key))

    return pages


def _report(context: WebContext, request: Request, dag_id: str, folder: RunFolder) -> HTMLResponse:
    report = read_run_report(folder)
    if report is None:
        message = f"The run has written nothing to {folder.uri} yet. Look again when its first task has ended."
        return context.page(request, "problem.html", title="No report yet", message=message)
    return context.page(request, "run.html", report=report, dag_id=dag_id, run_key=folder.run_key)
