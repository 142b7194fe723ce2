"""What the tests of the pages share."""

from pathlib import Path

import pytest

from small_kb import SmallKb
from web_pages import SECOND, copy_of, run_folder, three_runs


@pytest.fixture(scope="session")
def three_runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a knowledge base with three runs; only to copy from."""
    return three_runs(tmp_path_factory.mktemp("three_runs")).folder


@pytest.fixture
def web_kb(three_runs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallKb:
    """A knowledge base with three runs whose settings are in force, and which a test may spoil."""
    kb = copy_of(three_runs_folder, tmp_path)
    for name, value in kb.environment.items():
        monkeypatch.setenv(name, value)
    return kb


@pytest.fixture
def second_run(web_kb: SmallKb) -> Path:
    """Folder of the second run, to be spoilt."""
    return Path(run_folder(web_kb.settings, SECOND).uri)
