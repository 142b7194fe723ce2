from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.evaluation.approximate_search import Place, best_places, edits_allowed, similarity_of

LETTERS = st.text("abc ", max_size=24)


def oracle(pattern: str, text: str) -> list[int]:
    """Edit distance of the pattern to the best substring ending at each place, by the full table of Sellers (1980)."""
    column = list(range(len(pattern) + 1))
    found = [column[-1]]
    for character in text:
        above = 0
        before, column = column, [0]
        for row, wanted in enumerate(pattern, start=1):
            above = min(before[row - 1] + (wanted != character), before[row] + 1, column[row - 1] + 1)
            column.append(above)
        found.append(column[-1])
    return found


def edit_distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        before, row = row, [i]
        for j, b in enumerate(right, start=1):
            row.append(min(before[j - 1] + (a != b), before[j] + 1, row[j - 1] + 1))
    return row[-1]


@given(pattern=st.text("abc ", min_size=1, max_size=12), text=LETTERS, max_edits=st.integers(0, 6))
def test_the_fewest_edits_are_those_of_the_full_table(pattern: str, text: str, max_edits: int) -> None:
    fewest = min(oracle(pattern, text)[1:], default=len(pattern))
    places = best_places(pattern, text, max_edits)
    if fewest > max_edits:
        assert places == []
    # With as many edits as characters anything fits, the empty substring too.
    elif fewest < len(pattern):
        assert {place.edits for place in places} == {fewest}


@given(pattern=st.text("abc ", min_size=1, max_size=12), text=LETTERS, max_edits=st.integers(0, 4))
def test_every_place_is_so_many_edits_away_and_none_overlaps_another(pattern: str, text: str, max_edits: int) -> None:
    places = best_places(pattern, text, max_edits)
    for place in places:
        assert edit_distance(pattern, text[place.start : place.end]) == place.edits <= max_edits
    assert all(one.end <= two.start for one, two in pairwise(places))


@pytest.mark.parametrize("gap", ["", " ", " and then "])
def test_two_equally_good_places_are_both_named(gap: str) -> None:
    text = f"open the gate{gap}open the gaze"
    assert best_places("open the gane", text, 1) == [Place(0, 13, 1), Place(13 + len(gap), 26 + len(gap), 1)]


def test_long_patterns_are_no_different_from_short_ones() -> None:
    pattern = "".join(chr(0x4E00 + number * 7 % 2000) for number in range(500))
    text = f"前{pattern[:200]}X{pattern[201:]}後"
    assert best_places(pattern, text, 50) == [Place(1, 501, 1)]


@pytest.mark.parametrize(
    ("length", "bound", "edits"), [(30, 0.9, 3), (29, 0.9, 2), (9, 0.9, 0), (10, 1.0, 0), (7, 0.5, 3)]
)
def test_the_bound_in_edits(length: int, bound: float, edits: int) -> None:
    assert edits_allowed("x" * length, bound) == edits


def test_similarity_is_0_below_the_bound() -> None:
    assert similarity_of("a sentence of thirty characters", "it is a sentence of thirty caracters.", 0.9) == 1 - 1 / 31
    assert similarity_of("a sentence of thirty characters", "it is a sentence of forty words.", 0.9) == 0
