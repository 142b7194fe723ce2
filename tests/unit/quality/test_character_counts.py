import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgate.quality.character_counts import count_characters

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=40)


@settings(deadline=None)
@given(st.lists(ANY_TEXT, max_size=6))
def test_counts_of_a_batch_are_those_of_each_character(texts):
    counts = count_characters(texts)
    for i, text in enumerate(texts):
        assert counts.special[i] == sum(unicodedata.category(c)[0] in "PS" for c in text)
        assert counts.letters[i] == sum(c.isalpha() for c in text if unicodedata.category(c)[0] == "L")
        assert counts.replacement[i] == text.count("\ufffd")


@pytest.mark.parametrize("debris", ["\x00", "\x08", "\x1b", "\x85", "\x9d", "\ud800", "\ufffe"])
def test_control_codes_surrogates_and_non_characters_are_control(debris):
    assert count_characters([f"a{debris}b"]).control.tolist() == [1]


@pytest.mark.parametrize("text", ["tab\tline\r\nform\ffeed", "台灣的電信業者", "naïve – “quoted” 👍🏽", "a\u200bb"])
def test_ordinary_text_has_no_control_characters(text):
    assert count_characters([text]).control.tolist() == [0]


def test_no_texts_give_no_counts():
    assert count_characters([]).visible.tolist() == []
