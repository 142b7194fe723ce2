"""Where the Great Expectations suites lie."""

from pathlib import Path

from kbgate.errors import SettingsError
from kbgate.locations import resolve
from kbgate.sections.quality import QualitySettings

EXPECTATIONS = Path(__file__).parents[3] / "expectations"


def suite_file(settings: QualitySettings, name: str) -> Path:
    """Return the path of the suite `name` ("documents" or "chunks"): in `quality.suites`, else in the checkout.

    Raises:
        SettingsError: there is no such file.
    """
    path = (Path(resolve(settings.suites)) if settings.suites else EXPECTATIONS) / f"{name}.json"
    if not path.is_file():
        raise SettingsError(
            f"The expectation suite {path} does not exist. Set quality.suites to the folder that holds documents.json "
            "and chunks.json (the project's expectations/)."
        )
    return path
