from typing import Any

import pytest
from pydantic import ValidationError

from kbgate.sections.embedder import EmbedderSettings


def test_no_hash_is_asked_for_unless_it_is_named() -> None:
    assert EmbedderSettings().sha256 is None
    assert EmbedderSettings(sha256="a" * 64).sha256 == "a" * 64


@pytest.mark.parametrize("digest", ["a" * 63, "a" * 65, "A" * 64, "g" * 64, f"{'a' * 64}\n", ""])
def test_what_is_no_sha256_in_small_hex_is_refused(digest: str) -> None:
    with pytest.raises(ValidationError) as caught:
        EmbedderSettings(sha256=digest)
    assert [error["loc"] for error in caught.value.errors()] == [("sha256",)]


@pytest.mark.parametrize(
    ("field", "value"), [("batch_size", 0), ("batch_size", 4097), ("max_tokens", 7), ("modell", "x"), ("model", None)]
)
def test_a_value_out_of_bounds_or_an_unknown_key_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        EmbedderSettings(**{field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_the_models_own_maximum_length_stands_unless_it_is_cut() -> None:
    assert EmbedderSettings().max_tokens is None
    assert EmbedderSettings(max_tokens=8).max_tokens == 8
