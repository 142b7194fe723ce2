import time
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kbgate.web.figures.label import CHART_COLUMNS, axis_keys, label, short_label

ANY_TEXT = st.text(st.characters(), max_size=400)


def test_a_long_text_is_cut_and_says_how_much_is_missing():
    assert label("x" * 10_000) == "x" * 200 + " … [9,800 more characters]"


def test_characters_that_turn_the_line_around_are_named():
    assert label("abc\N{RIGHT-TO-LEFT OVERRIDE}gpj") == "abc[U+202E RIGHT-TO-LEFT OVERRIDE]gpj"


def test_lines_and_tabs_become_one_blank():
    assert label("a\r\n\tb") == "a b"


def test_a_blank_label_can_be_seen():
    assert label(" \n") == short_label("") == "(blank)"


def test_a_chinese_label_is_cut_at_half_the_characters_because_each_is_twice_as_wide():
    assert short_label("退貨" * 50) == "退貨" * 8 + "退…"
    assert short_label("a" * 50) == "a" * 35 + "…"


def test_labels_that_look_the_same_have_keys_of_their_own():
    assert axis_keys(["a", "b", "a"]) == ["000 a", "001 b", "002 a"]


def test_labels_made_of_hidden_characters_cost_no_time():
    start = time.process_time()
    axis_keys(["\N{RIGHT-TO-LEFT OVERRIDE}" * 10_000] * 100)
    assert time.process_time() - start < 1


@given(ANY_TEXT)
def test_no_text_hides_or_leaves_its_room(text):
    shown = short_label(text)
    assert 0 < len(shown) <= CHART_COLUMNS
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
