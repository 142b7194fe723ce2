"""The stylesheet and the script of the pages, guarded as the pages are."""

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from kbgate.web.context import WebContext
from kbgate.web.environment import FOLDER, style_sheet


def router(context: WebContext) -> APIRouter:
    """Return the routes of the two files."""
    files = APIRouter(dependencies=[Depends(context.access.may_see_pages)])

    @files.get("/style.css")
    def style() -> Response:
        return Response(style_sheet(), media_type="text/css; charset=utf-8")

    @files.get("/theme.js")
    def theme() -> Response:
        return Response((FOLDER / "theme.js").read_text(), media_type="text/javascript; charset=utf-8")

    return files
