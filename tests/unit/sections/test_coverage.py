from typing import Any

import pytest
from pydantic import ValidationError

from kbgate.sections.coverage import CoverageSettings


def test_by_default_lost_coverage_blocks() -> None:
    settings = CoverageSettings()
    assert settings.mode == "block"
    assert 0 < settings.min_intent_coverage <= 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("min_intent_coverage", 90),
        ("min_intent_coverage", -0.1),
        ("max_topic_lost_share", 1.01),
        ("min_topic_documents", 1),
        ("mode", "maybe"),
        ("min_intent_coverag", 0.9),
    ],
)
def test_a_value_out_of_bounds_or_an_unknown_key_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        CoverageSettings(**{field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_the_bounds_themselves_are_allowed() -> None:
    settings = CoverageSettings(min_intent_coverage=1, max_topic_lost_share=0, min_topic_documents=2)
    assert (settings.min_intent_coverage, settings.max_topic_lost_share, settings.min_topic_documents) == (1, 0, 2)
