from typing import Any

import pytest
from pydantic import ValidationError

from kbgate.sections.drift import DriftSettings


def test_by_default_live_itself_says_what_is_unlike_it() -> None:
    settings = DriftSettings()
    assert settings.low_similarity is None
    assert settings.low_quantile == 0.05


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("low_similarity", -1.1),
        ("low_similarity", 1.1),
        ("low_quantile", 0),
        ("low_quantile", 0.51),
        ("max_low_similarity_share", 30),
        ("max_self_duplicate_share", -0.01),
        ("max_version_separability", 1.5),
        ("min_changed_documents", 0),
        ("min_documents", 0),
        ("permutations", 98),
        ("false_alarm_rate", 0),
        ("false_alarm_rate", 0.5),
        ("neighbours", 0),
        ("sample_chunks", 99),
        ("max_low_similarity", 0.3),
    ],
)
def test_a_value_out_of_bounds_or_an_unknown_key_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        DriftSettings(**{field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_a_cosine_may_be_negative_and_a_share_may_be_nothing() -> None:
    settings = DriftSettings(low_similarity=-1, max_low_similarity_share=0, low_quantile=0.5)
    assert (settings.low_similarity, settings.max_low_similarity_share, settings.low_quantile) == (-1, 0, 0.5)


def test_the_smallest_p_value_that_can_be_measured_reaches_the_false_alarm_rate() -> None:
    settings = DriftSettings()
    assert 1 / (settings.permutations + 1) <= settings.false_alarm_rate
