"""The page in Airflow's menu: the knowledge bases whose DAGs the user may read."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from kbgate.web.context import DAG_STEMS, WebContext


def router(context: WebContext) -> APIRouter:
    """Return the route of the list."""
    pages = APIRouter(dependencies=[Depends(context.access.may_see_pages)])

    @pages.get("/")
    def knowledge_bases(
        request: Request, readable: Annotated[Collection[str], Depends(context.access.readable_dag_ids)]
    ) -> HTMLResponse:
        found = []
        for kb in sorted(context.load_settings().kb):
            dag_ids = [f"{stem}__{kb}" for stem in DAG_STEMS if f"{stem}__{kb}" in readable]
            if dag_ids:
                found.append((kb, dag_ids[0]))
        return context.page(request, "index.html", knowledge_bases=found)

    return pages
