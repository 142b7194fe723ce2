"""What every test shares."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real collections beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real collections are not at {SHARED_DATA}")
    return SHARED_DATA
