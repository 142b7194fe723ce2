from typing import Any

import pytest
from pydantic import ValidationError

from kbgate.sections.reconcile import ReconcileSettings


def test_by_default_a_store_that_disagrees_blocks() -> None:
    settings = ReconcileSettings()
    assert settings.mode == "block"
    assert settings.min_reembed_similarity > 0.99


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reembed_chunks", 0),
        ("min_reembed_similarity", 1.001),
        ("min_reembed_similarity", -1.001),
        ("min_index_recall", 95),
        ("max_index_queries", 0),
        ("mode", True),
        ("reembed_chunk", 3),
    ],
)
def test_a_value_out_of_bounds_or_an_unknown_key_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        ReconcileSettings(**{field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_an_exact_store_may_be_asked_for_every_chunk() -> None:
    assert ReconcileSettings(min_index_recall=1, min_reembed_similarity=1).min_index_recall == 1
