from typing import Any

import pytest
from pydantic import ValidationError

from kbgate.sections.release import ReleaseSettings


def test_by_default_a_first_ingest_may_go_live_and_older_versions_are_kept() -> None:
    settings = ReleaseSettings()
    assert settings.first_ingest == "allow"
    assert settings.keep_versions > 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("first_ingest", "block"), ("keep_versions", 0), ("lease_minutes", 0), ("lease_minutes", 1.5), ("keep", 5)],
)
def test_a_value_out_of_bounds_or_an_unknown_key_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        ReleaseSettings(**{field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_a_single_version_may_be_kept() -> None:
    assert ReleaseSettings(keep_versions=1, first_ingest="hold").keep_versions == 1
