import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kbgate.web.visible import LIMIT_CHARS, visible

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


def test_direction_controls_are_shown_by_name() -> None:
    assert visible("a\u202eb") == "a[U+202E RIGHT-TO-LEFT OVERRIDE]b"


def test_ordinary_text_is_left_as_it_is() -> None:
    text = "退款 – naïve 👩‍👩‍👧 نص\n\tan indented line"
    assert visible(text) == text


def test_text_hidden_in_tag_characters_is_shown() -> None:
    assert visible("\U000e0041") == "[U+E0041 TAG LATIN CAPITAL LETTER A]"


def test_a_long_line_is_cut_and_says_how_much_is_missing() -> None:
    shown = visible("x" * 10_000_000)
    assert len(shown) < LIMIT_CHARS + 60
    assert shown.endswith("[9,999,000 more characters]")


@given(st.text(alphabet=st.characters(codec=None)))
def test_nothing_hidden_is_left_and_the_result_can_be_sent(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not set(shown) & set(BIDI)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n\r"]


@given(st.text(max_size=200))
def test_showing_what_is_shown_changes_nothing(text: str) -> None:
    assert visible(visible(text, 10_000), 20_000) == visible(text, 10_000)
