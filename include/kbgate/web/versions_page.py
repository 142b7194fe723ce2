"""Pages: the versions of a knowledge base, and two of them side by side."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from kbgate.errors import UsageError
from kbgate.web.context import WebContext
from kbgate.web.page_number import page_number
from kbgate.web.versions import read_versions

SHOWN_DOCUMENTS = 50


def router(context: WebContext) -> APIRouter:
    """Return `/kb/{dag_id}/versions` and `/kb/{dag_id}/diff`."""
    routes = APIRouter(dependencies=[Depends(context.access.may_read_dag)])

    @routes.get("/kb/{dag_id}/versions")
    def versions_page(request: Request, dag_id: str, page: str = "") -> HTMLResponse:
        kb = context.knowledge_base(dag_id)
        found = read_versions(context.load_settings(), kb, page_number(page))
        return context.page(request, "versions.html", kb=kb, dag_id=dag_id, found=found)

    @routes.get("/kb/{dag_id}/diff")
    def diff_page(request: Request, dag_id: str, before: str = "", after: str = "") -> HTMLResponse:
        # Only this page needs pandas, which takes a second to load.
        from kbgate.web.version_diff import compare

        kb = context.knowledge_base(dag_id)
        if not before or not after:
            raise UsageError(f"Name two versions of {kb}, as in diff?before=v1.0.0&after=v1.0.1.")
        found = compare(context.load_settings(), kb, before, after)
        return context.page(request, "diff.html", kb=kb, dag_id=dag_id, found=found, shown_documents=SHOWN_DOCUMENTS)

    return routes
