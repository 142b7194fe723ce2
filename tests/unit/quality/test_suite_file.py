import shutil
from pathlib import Path

import pytest

from kbgate.errors import SettingsError
from kbgate.quality.suite_file import EXPECTATIONS, suite_file
from kbgate.sections.quality import QualitySettings


def test_the_suites_of_the_checkout_are_the_default_and_a_folder_can_be_set(tmp_path: Path) -> None:
    assert suite_file(QualitySettings(), "documents") == EXPECTATIONS / "documents.json"
    own = QualitySettings(suites=str(tmp_path))
    with pytest.raises(SettingsError, match=r"Set quality\.suites"):
        suite_file(own, "documents")
    shutil.copy(EXPECTATIONS / "documents.json", tmp_path)
    assert suite_file(own, "documents") == tmp_path / "documents.json"


def test_a_folder_inside_a_package_is_found() -> None:
    with pytest.raises(SettingsError, match=r"suite /.*/kbgate/sample/documents\.json does not exist"):
        suite_file(QualitySettings(suites="package://kbgate/sample"), "documents")
