from typing import Any

import pytest
from pydantic import ValidationError

from kbgate.sections.quality import QualitySettings

SHARES = [name for name in QualitySettings.model_fields if name.endswith("_share")]


def test_by_default_both_gates_block_and_no_id_may_be_doubled() -> None:
    settings = QualitySettings()
    assert (settings.documents_mode, settings.chunks_mode) == ("block", "block")
    assert settings.max_doubled_id_share == 0
    assert settings.languages == ("en",)


@pytest.mark.parametrize("field", SHARES)
def test_a_share_is_no_percentage_and_not_negative(field: str) -> None:
    for value in (-0.01, 2):
        # New documents are counted beside live, of which there may be more than once as many.
        if (field, value) == ("max_added_share", 2):
            assert QualitySettings(max_added_share=2).max_added_share == 2
            continue
        with pytest.raises(ValidationError) as caught:
            QualitySettings(**{field: value})
        assert [error["loc"] for error in caught.value.errors()] == [(field,)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stub_tokens", -1),
        ("near_duplicate_similarity", 0.5),
        ("near_duplicate_similarity", 1.01),
        ("max_token_mean_shift", 1.5),
        ("max_token_psi", 10.5),
        ("min_shift_documents", 0),
        ("min_chunk_tokens", 0),
        ("max_overlap_loss", 1.1),
        ("max_markup_increase", -0.1),
        ("languages", "en"),
        ("documents_mode", "block!"),
        ("max_empty_share", 0.02),
    ],
)
def test_a_value_out_of_bounds_or_an_unknown_key_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        QualitySettings(**{field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_the_list_of_a_settings_file_becomes_unchangeable_languages() -> None:
    assert QualitySettings(languages=["en", "de"]).languages == ("en", "de")
