"""What every page is given: settings, access, the run's folder, and the templates."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from kbgate.artifacts import RunFolder, run_key_of
from kbgate.settings import Settings
from kbgate.web.access import Access
from kbgate.web.environment import environment

DAG_STEMS = ("kb_ingest", "kb_hotfix_reindex", "kb_rollback", "kb_promote")


@dataclass(frozen=True)
class WebContext:
    """Settings, access and templates of the pages.

    `load_settings` is called once a request, so that a changed settings file needs no restart.
    """

    load_settings: Callable[[], Settings]
    access: Access

    def knowledge_base(self, dag_id: str) -> str:
        """Return the name of the knowledge base that a DAG works on; the DAG's guard must have let the user pass.

        Raises:
            HTTPException: 404, it is no DAG of kbgate or the settings have no such knowledge base.
        """
        return _knowledge_base(self.load_settings(), dag_id)

    def run_folder(self, dag_id: str, run_id: str) -> RunFolder:
        """Return the folder of a DAG run, which may not exist; its name is safe whatever the ids are.

        Raises:
            HTTPException: 404, see `knowledge_base`.
        """
        settings = self.load_settings()
        return RunFolder(settings.artifact_root, _knowledge_base(settings, dag_id), run_key_of(dag_id, run_id))

    def page(self, request: Request, template: str, /, status_code: int = 200, **values: Any) -> HTMLResponse:
        """Draw a template; `root` is the path under which the pages are mounted, without a slash at its end."""
        root = str(request.scope.get("root_path", "")).rstrip("/")
        return HTMLResponse(self.templates.get_template(template).render(root=root, **values), status_code)

    @cached_property
    def templates(self) -> Environment:
        """The templates."""
        return environment()


def _knowledge_base(settings: Settings, dag_id: str) -> str:
    stem, _, kb = dag_id.partition("__")
    if stem not in DAG_STEMS or kb not in settings.kb:
        raise HTTPException(404)
    return kb
