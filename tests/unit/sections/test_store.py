from typing import Any

import pytest
from pydantic import ValidationError

from kbgate.sections.store import StoreSettings
from kbgate.stores import REGISTRY


def test_the_default_store_is_one_that_exists_and_needs_no_server() -> None:
    settings = StoreSettings()
    assert settings.kind in REGISTRY
    assert settings.airflow_connection is None


@pytest.mark.parametrize(
    ("field", "value"), [("kind", 3), ("options", "uri"), ("airflow_connection", 1), ("uri", "var/vectors")]
)
def test_a_wrong_value_or_an_unknown_key_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        StoreSettings(**{field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_two_stores_do_not_share_their_options() -> None:
    first, second = StoreSettings(), StoreSettings()
    first.options["uri"] = "var/vectors"
    assert second.options == {}
