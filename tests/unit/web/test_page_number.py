import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.errors import UsageError
from kbgate.web.page_number import page_number


def test_no_page_is_the_first() -> None:
    assert page_number("") == 1


@given(st.integers(1, 9_999_999))
def test_a_whole_number_from_one_is_a_page(page: int) -> None:
    assert page_number(str(page)) == page


@pytest.mark.parametrize("text", ["0", "-1", "abc", "1.5", " 2", "2\n", "٣", "1e3", "9" * 5000, "../2", "\x00"])
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match="Wanted: a whole number from 1"):
        page_number(text)
