import pytest

from kbgate.chunkers.word_boundaries import is_inside_word


@pytest.mark.parametrize(
    ("text", "position", "inside"),
    [
        ("word", 2, True),
        ("a b", 1, False),
        ("a b", 2, False),
        ("snake_case", 5, True),
        ("end.Next", 3, False),
        ("中文", 1, False),
        ("ひらカナ", 2, False),
        ("한국어", 1, True),
        ("e\u0301a", 1, True),
        ("e\u0301a", 2, True),
        ("中\u0301文", 1, True),
        ("👩\u200d👧", 1, True),
        ("👩\u200d👧", 2, True),
        ("👩👧", 1, False),
        ("word", 0, False),
        ("word", 4, False),
    ],
)
def test_a_cut_is_inside_a_word_only_where_it_tears_something(text, position, inside):
    assert is_inside_word(text, position) is inside
