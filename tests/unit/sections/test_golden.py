from typing import Any

import pytest
from pydantic import ValidationError

from kbgate.sections.golden import GoldenSettings


def test_by_default_a_sick_golden_set_blocks_and_doubles_are_nearer_than_near_duplicates() -> None:
    settings = GoldenSettings()
    assert settings.mode == "block"
    assert settings.max_doubled_share < settings.max_near_duplicate_share


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("min_quote_similarity", 0.49),
        ("min_quote_similarity", 1.01),
        ("near_duplicate_similarity", 0),
        ("near_duplicate_similarity", 1.01),
        ("leak_similarity", 0.49),
        ("min_leak_bytes", 0),
        ("max_leaked_share", 5),
        ("max_doubled_share", -0.01),
        ("mode", "fail"),
        ("max_stale_share", 0.05),
    ],
)
def test_a_value_out_of_bounds_or_an_unknown_key_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        GoldenSettings(**{field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_evidence_may_have_to_stand_word_for_word() -> None:
    assert GoldenSettings(min_quote_similarity=1).min_quote_similarity == 1
