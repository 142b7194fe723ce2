import pytest
from lxml import etree

from kbgate.web.figures.intent_bars import Bar, IntentBar, intent_bars

ROWS = [
    IntentBar("returns", Bar(0.9, 0.8, 0.95), Bar(0.8, 0.7, 0.9), 40),
    IntentBar("billing", Bar(0.45), None, 1200),
    IntentBar("stock", None, Bar(1.0, 1.0, 1.0)),
]


def test_one_bar_a_measured_value_in_proportion(marks):
    shapes = marks(intent_bars(ROWS, None).svg, "rect")
    widths = [float(shape.get("d").split("h")[1].split("v")[0]) for shape in shapes]
    # The caps of the intervals, which are rectangles too, come after the bars; the fourth bar is 1.0 long.
    assert [round(width / widths[3], 2) for width in widths[:4]] == [0.9, 0.8, 0.45, 1]


def test_each_interval_has_a_line_and_the_threshold_another(marks):
    assert len(marks(intent_bars(ROWS, None).svg, "rule")) == 3
    rules = marks(intent_bars(ROWS, 0.85).svg, "rule")
    assert len(rules) == 4
    assert rules[-1].get("stroke-dasharray")


def test_the_table_is_the_data():
    assert intent_bars(ROWS, 0.85).rows == (
        ("returns", "40", "0.900", "0.800 to 0.950", "0.800", "0.700 to 0.900", "0.85"),
        ("billing", "1,200", "0.450", "", "not measured", "", "0.85"),
        ("stock", "", "not measured", "", "1.000", "1.000 to 1.000", "0.85"),
    )


def test_an_intent_that_was_not_measured_keeps_its_row(marks):
    texts = etree.fromstring(intent_bars(ROWS, 0.85).svg).xpath("//text()")
    assert {"returns", "billing", "stock", "Candidate", "Live"} <= set(texts)


def test_without_live_there_is_no_legend_entry_for_it():
    texts = etree.fromstring(intent_bars([IntentBar("returns", Bar(0.9))], 0.85).svg).xpath("//text()")
    assert "Live" not in texts


def test_thirty_intents_are_drawn_and_the_table_has_all(marks):
    figure = intent_bars([IntentBar(f"intent {i}", Bar(i / 50)) for i in range(40)], 0.85)
    assert len(marks(figure.svg, "rect")) == 30
    assert len(figure.rows) == 40
    assert "first 30 of 40" in figure.caption


@pytest.mark.parametrize("bar", [Bar(1.2), Bar(float("nan")), Bar(0.5, -0.1, 0.6), Bar(0.5, 0.4, float("inf"))])
def test_a_value_that_is_no_share_is_refused(bar):
    with pytest.raises(ValueError, match="not within 0 and 1"):
        intent_bars([IntentBar("returns", bar)], 0.85)
