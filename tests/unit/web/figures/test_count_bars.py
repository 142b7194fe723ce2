import re

import pytest
from lxml import etree

from kbgate.web.figures.count_bars import MAX_BARS, count_bars

ROWS = [("empty text", 1234), ("duplicate", 40), ("too long", 0)]


def bar_widths(shapes) -> list[float]:
    """Pixels of bars that Vega writes as "M<x>,<y>h<width>v…"."""
    return [float(shape.get("d").split("h")[1].split("v")[0]) for shape in shapes]


def test_one_bar_and_one_number_a_row_in_proportion(marks):
    figure = count_bars(ROWS)
    widths = bar_widths(marks(figure.svg, "rect"))
    assert [round(width / widths[0], 2) for width in widths] == [1, 0.03, 0]
    assert [shape.text for shape in marks(figure.svg, "text")] == ["1,234", "40", "0"]


def test_the_table_is_the_data():
    figure = count_bars(ROWS, label_title="Reason", unit="Rows")
    assert figure.columns == ("Reason", "Rows")
    assert figure.rows == (("empty text", "1,234"), ("duplicate", "40"), ("too long", "0"))


def test_rows_stand_in_the_order_given():
    texts = etree.fromstring(count_bars([("b", 1), ("c", 9), ("a", 5)]).svg).xpath("//text()")
    assert [text for text in texts if text in "abc"] == ["b", "c", "a"]


def test_many_rows_are_cut_in_the_picture_and_kept_in_the_table(marks):
    figure = count_bars([(f"reason {i}", i) for i in range(100)])
    assert len(marks(figure.svg, "rect")) == MAX_BARS
    assert len(figure.rows) == 100
    assert "first 30 of 100" in figure.caption


@pytest.mark.parametrize("label", ["x", "x" * 100, "退貨" * 50])
def test_the_longest_number_stays_in_the_picture(marks, label):
    number = marks(count_bars([(label, 10**9), ("y", 1)]).svg, "text")[0]
    moves = [re.match(r"translate\(([-0-9.]+),", e.get("transform", "")) for e in [number, *number.iterancestors()]]
    left = sum(float(move[1]) for move in moves if move)
    assert left + 7 * len(number.text) < 640


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="a count is -1"):
        count_bars([("empty", -1)])
