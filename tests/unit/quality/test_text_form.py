import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality.text_form import encodable, normalised, without_code


@pytest.mark.parametrize(
    "text", ["Straße  um\nzehn", "STRASSE um zehn", " strasse\tum zehn ", "ｓｔｒａｓｓｅ um zehn"]
)
def test_texts_that_read_the_same_are_equal(text: str) -> None:
    assert normalised(text) == "strasse um zehn"


def test_texts_that_read_differently_stay_apart() -> None:
    assert normalised("resume") != normalised("résumé")
    assert normalised(unicodedata.normalize("NFD", "résumé")) == normalised("résumé")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Use `<b>` for bold.", "Use for bold."),
        ("a\n```html\n<p>\n```\nb", "a b"),
        ("a\n~~~\n<p>\n~~~\nb", "a b"),
        ("a\n````\n```\n<p>\n```\n````\nb", "a b"),
        ("a\n```\n<p> never closed", "a"),
        ("a lone ` and <p> stay", "a lone ` and <p> stay"),
        ("<p> has no code", "<p> has no code"),
    ],
)
def test_code_is_dropped_and_the_rest_stays(text: str, rest: str) -> None:
    assert " ".join(without_code(text).split()) == rest


@given(st.text(st.characters()))
def test_an_encodable_text_is_utf8_and_differs_only_in_surrogates(text: str) -> None:
    mended = encodable(text)
    mended.encode("utf-8")
    assert mended == "".join("?" if "\ud800" <= character <= "\udfff" else character for character in text)
