"""Page: the rows that a run set aside; and the same as a CSV file."""

import re
from itertools import chain

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from kbgate.artifacts import RunFolder
from kbgate.errors import ArtifactError, InfrastructureError, UsageError
from kbgate.web.context import WebContext
from kbgate.web.page_number import page_number
from kbgate.web.past_runs import past_runs
from kbgate.web.quarantine import QUARANTINE_FILE, csv_lines, read_quarantine

LISTED_RUNS = 30


def router(context: WebContext) -> APIRouter:
    """Return `/kb/{dag_id}/quarantine` and the downloads of one run's quarantine."""
    routes = APIRouter(dependencies=[Depends(context.access.may_read_dag)])

    @routes.get("/kb/{dag_id}/quarantine")
    def quarantine_page(request: Request, dag_id: str, run: str = "", reason: str = "", page: str = "") -> HTMLResponse:
        kb, settings, number = context.knowledge_base(dag_id), context.load_settings(), page_number(page)
        runs = past_runs(settings, kb, LISTED_RUNS, having=QUARANTINE_FILE)
        run_key = _checked(run) if run else (runs[0].run_key if runs else None)
        found, problem = None, ""
        if run_key is not None:
            try:
                found = read_quarantine(RunFolder(settings.artifact_root, kb, run_key), reason or None, number)
            except (ArtifactError, InfrastructureError) as error:
                problem = str(error)
        chosen = next((past for past in runs if past.run_key == run_key), None)
        return context.page(
            request,
            "quarantine.html",
            kb=kb,
            dag_id=dag_id,
            runs=runs,
            run_key=run_key,
            chosen=chosen,
            found=found,
            problem=problem,
        )

    @routes.get("/kb/{dag_id}/quarantine.csv")
    def quarantine_of_any_run(dag_id: str, run: str = "") -> StreamingResponse:
        kb = context.knowledge_base(dag_id)
        return download(RunFolder(context.load_settings().artifact_root, kb, _checked(run)))

    @routes.get("/runs/{dag_id}/{run_id}/quarantine.csv")
    def quarantine_of_dag_run(dag_id: str, run_id: str) -> StreamingResponse:
        return download(context.run_folder(dag_id, run_id))

    return routes


def download(folder: RunFolder) -> StreamingResponse:
    """Send a run's quarantine as a file; if it cannot be read, that is an error before the first byte."""
    pieces = csv_lines(folder)
    body = chain([next(pieces)], pieces)
    name = re.sub(r"[^A-Za-z0-9_-]", "-", f"quarantine_{folder.kb}_{folder.run_key}")[:150]
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(body, media_type="text/csv; charset=utf-8", headers=headers)


def _checked(run_key: str) -> str:
    """A run key that names one folder beside the others, whatever was asked for."""
    if not re.fullmatch(r"[\w-]{1,120}", run_key):
        raise UsageError(f"run is {run_key[:40]!r}, which names no run. Choose one of the list on the quarantine page.")
    return run_key
