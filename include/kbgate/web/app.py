"""The pages as one FastAPI application, to be mounted by Airflow's plugin or by a test."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kbgate.errors import InfrastructureError, KbgateError, SettingsError
from kbgate.settings import Settings
from kbgate.web import assets, index_page, quarantine_page, run_page, trends_page, versions_page
from kbgate.web.access import Access
from kbgate.web.context import WebContext

PAGES = (assets, index_page, run_page, versions_page, trends_page, quarantine_page)
"""Every page; each has `router(context)`."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# Said whatever the reason is, so that a refusal tells nothing.
SENTENCES = {
    401: ("Not logged in", "Log in to Airflow, then open this page again."),
    403: ("No access", "Your Airflow user may not see this page. Ask an administrator for read access to the DAG."),
    404: ("Nothing here", "There is no such page. Open Knowledge bases in Airflow's menu to find what there is."),
}


def create_app(load_settings: Callable[[], Settings], access: Access) -> FastAPI:
    """Build the application; every route is guarded by one of the dependencies of `access`."""
    context = WebContext(load_settings, access)
    app = FastAPI(title="kbgate", docs_url=None, redoc_url=None, openapi_url=None)
    for page in PAGES:
        app.include_router(page.router(context))

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> HTMLResponse:
        title, sentence = SENTENCES.get(error.status_code, ("Not possible", "This page cannot do that."))
        return context.page(request, "problem.html", error.status_code, title=title, message=sentence)

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, error: RequestValidationError) -> HTMLResponse:
        message = "The address has a part that this page does not understand. Go back and follow a link."
        return context.page(request, "problem.html", 422, title="Address not understood", message=message)

    @app.exception_handler(KbgateError)
    def explained(request: Request, error: KbgateError) -> HTMLResponse:
        # Raised only behind the guards: what it names may be told.
        status = 503 if isinstance(error, InfrastructureError | SettingsError) else 404
        return context.page(request, "problem.html", status, title="This page cannot be drawn", message=str(error))

    app.add_middleware(SecurityHeaders)
    return app


class SecurityHeaders:
    """Sends every answer with the headers that keep the pages to themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and add the headers to its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added: list[Any] = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self.app(scope, receive, send_with_headers)
