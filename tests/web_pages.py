"""The pages over a small knowledge base, with users that a header names instead of Airflow's."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Header, HTTPException
from fastapi.testclient import TestClient
from lxml import html

from kbgate.artifacts import RunFolder, run_key_of
from kbgate.settings import CONFIG_VARIABLE, Settings, load_settings
from kbgate.web.access import Access
from kbgate.web.app import create_app
from small_kb import KB, SmallKb

DAG_ID = f"kb_ingest__{KB}"
FIRST, SECOND, BLOCKED = "manual__2026-11-24T05:00:00+00:00", "scheduled__2026-11-25", "manual__bad"
READER, FOREIGN, NOBODY = "reader", "foreign", "nobody"
"""May read the DAG; may see pages but not that DAG; may log in and see nothing."""


def access_of_tests() -> Access:
    """Users by header `X-User`; without one nobody is logged in."""

    def user(x_user: str | None) -> str:
        if x_user is None:
            raise HTTPException(401, "secret of the refusal")
        return x_user

    def may_read_dag(dag_id: str, x_user: Annotated[str | None, Header()] = None) -> None:
        if user(x_user) != READER:
            raise HTTPException(403, f"secret of {dag_id}")

    def may_see_pages(x_user: Annotated[str | None, Header()] = None) -> None:
        if user(x_user) == NOBODY:
            raise HTTPException(403, "secret of the refusal")

    def readable_dag_ids(x_user: Annotated[str | None, Header()] = None) -> set[str]:
        return {DAG_ID, "somebody_elses"} if user(x_user) == READER else {"somebody_elses"}

    return Access(may_read_dag, may_see_pages, readable_dag_ids)


def browser(user: str | None = READER, root_path: str = "") -> TestClient:
    """A client of the pages over the settings in force, logged in as `user`."""
    return TestClient(_app(), headers={"X-User": user} if user else {}, root_path=root_path, follow_redirects=False)


def page_of(run_id: str) -> str:
    """The report of a run of the ingest DAG, as HTML."""
    answer = browser().get(f"/runs/{DAG_ID}/{quote(run_id, safe='')}")
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def text_of(page: str) -> str:
    """What a reader sees of a page."""
    return " ".join(html.fromstring(page).text_content().split())


@lru_cache(maxsize=1)
def _app() -> FastAPI:
    # It reads the settings at every request, so one serves every test.
    return create_app(load_settings, access_of_tests())


def run_folder(settings: Settings, run_id: str) -> RunFolder:
    """The folder of a run of the ingest DAG."""
    return RunFolder(settings.artifact_root, KB, run_key_of(DAG_ID, run_id))


def ingest(kb: SmallKb, run_id: str) -> str:
    """Run an ingest as Airflow's DAG run `run_id` would and return its outcome."""
    return kb.run(run_id, run_key=run_key_of(DAG_ID, run_id)).outcome


def three_runs(folder: Path) -> SmallKb:
    """A knowledge base with a first version, a second one that changed five documents and lost one, and a blocked batch."""
    kb = SmallKb(folder)
    with _in_force(kb):
        assert ingest(kb, FIRST) == "promoted"
        for number in range(5):
            kb.change(number)
        del kb.documents[39]
        assert ingest(kb, SECOND) == "promoted"
        for number in range(12):
            kb.documents[number] = {**kb.documents[number], "text": ""}
        assert ingest(kb, BLOCKED) == "hold"
    return kb


def ingest_in(folder: Path, run_id: str) -> SmallKb:
    """A knowledge base whose first ingest was promoted."""
    kb = SmallKb(folder)
    with _in_force(kb):
        assert ingest(kb, run_id) == "promoted"
    return kb


def copy_of(folder: Path, target: Path) -> SmallKb:
    """A copy of a knowledge base's folder that a test may spoil."""
    shutil.copytree(folder / "artifacts", target / "artifacts")
    return SmallKb(target)


@contextmanager
def _in_force(kb: SmallKb) -> Iterator[None]:
    before = os.environ.get(CONFIG_VARIABLE)
    os.environ[CONFIG_VARIABLE] = str(kb.settings_file)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CONFIG_VARIABLE]
        else:
            os.environ[CONFIG_VARIABLE] = before
