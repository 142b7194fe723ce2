import pytest

from kbgate.evaluation.query_text import comparable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is my parcel?", "  where is\nmy parcel "),
        ("ＡＢＣ－１２", "abc 12"),
        ("退貨政策是什麼？", "退貨政策是什麼"),
        ("Straße", "STRASSE"),
    ],
)
def test_the_same_words_are_the_same_text(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(("one", "other"), [("resume", "résumé"), ("हिन्दी", "हनद"), ("10 days", "100 days")])
def test_other_letters_are_other_words(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


def test_a_text_without_a_letter_is_empty() -> None:
    assert comparable("?! …") == ""
