import pytest

from kbgate.web.figures.chunk_map import chunk_map
from kbgate.web.figures.count_bars import count_bars
from kbgate.web.figures.figure import Figure
from kbgate.web.figures.intent_bars import IntentBar, intent_bars
from kbgate.web.figures.length_histogram import length_histogram
from kbgate.web.figures.similarity_histogram import similarity_histogram
from kbgate.web.figures.trend import TrendPoint, trend

NOTHING = {
    "no counts": lambda: count_bars([]),
    "no bins": lambda: length_histogram([], [], None),
    "only empty bins": lambda: length_histogram([0, 16], [0, 0], [0, 0]),
    "no edges": lambda: similarity_histogram([], [], None),
    "no chunk compared": lambda: similarity_histogram([0.0, 0.5, 1.0], [0, 0], 0.4),
    "no intents": lambda: intent_bars([], 0.85),
    "no intent measured": lambda: intent_bars([IntentBar("returns", None)], 0.85),
    "no points": lambda: chunk_map([]),
    "no runs": lambda: trend([], "max", title="Share of empty documents"),
    "no run measured it": lambda: trend([TrendPoint("May 1", None, 0.2)], "max", title="Share of empty documents"),
}


@pytest.mark.parametrize("build", NOTHING.values(), ids=NOTHING.keys())
def test_without_data_nothing_is_drawn_and_the_caption_says_so(build):
    figure = build()
    assert figure.svg == ""
    assert figure.rows == ()
    assert figure.columns
    assert figure.caption.startswith("There is nothing to draw: ")


def test_every_row_of_a_table_has_a_text_for_each_column(every_kind):
    for figure in every_kind("returns"):
        assert figure.rows
        assert all(len(row) == len(figure.columns) for row in figure.rows)
        assert all(isinstance(cell, str) for row in figure.rows for cell in row)


def test_a_figure_cannot_be_changed():
    with pytest.raises(AttributeError):
        Figure("Lengths", "", (), ()).svg = "<svg/>"
