import pytest
from pydantic import ValidationError

from kbgate.sections.chunker import ChunkerSettings


def test_the_defaults_overlap_by_less_than_a_chunk() -> None:
    settings = ChunkerSettings()
    assert 0 < settings.overlap_tokens < settings.size_tokens


@pytest.mark.parametrize("overlap", [100, 101])
def test_an_overlap_of_a_whole_chunk_or_more_is_refused_with_both_numbers(overlap: int) -> None:
    with pytest.raises(
        ValidationError, match=rf"overlap_tokens \({overlap}\) must be smaller than size_tokens \(100\)"
    ):
        ChunkerSettings(size_tokens=100, overlap_tokens=overlap)


@pytest.mark.parametrize(
    "values", [{"size_tokens": 8, "overlap_tokens": 7}, {"size_tokens": 8192, "overlap_tokens": 0}]
)
def test_the_bounds_themselves_are_allowed(values: dict[str, int]) -> None:
    assert ChunkerSettings(**values).size_tokens == values["size_tokens"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("size_tokens", 7), ("size_tokens", 8193), ("overlap_tokens", -1), ("overlap_tokens", 4097), ("size", 100)],
)
def test_a_value_out_of_bounds_or_an_unknown_key_is_refused_by_name(field: str, value: int) -> None:
    with pytest.raises(ValidationError) as caught:
        ChunkerSettings(**{"size_tokens": 8192, "overlap_tokens": 0, field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_an_override_is_checked_against_the_other_number() -> None:
    with pytest.raises(ValidationError, match="must be smaller"):
        ChunkerSettings(size_tokens=ChunkerSettings().overlap_tokens)
