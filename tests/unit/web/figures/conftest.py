"""What the tests of figures share: an SVG read by another parser than the one that wrote it, and one figure of each kind."""

from collections.abc import Callable

import pytest
from lxml import etree

from kbgate.web.figures.chunk_map import MapPoint, chunk_map
from kbgate.web.figures.count_bars import count_bars
from kbgate.web.figures.figure import Figure
from kbgate.web.figures.intent_bars import Bar, IntentBar, intent_bars
from kbgate.web.figures.length_histogram import length_histogram
from kbgate.web.figures.similarity_histogram import similarity_histogram
from kbgate.web.figures.trend import TrendPoint, trend

Marks = Callable[[str, str], list[etree._Element]]


@pytest.fixture(scope="session")
def marks() -> Marks:
    """The shapes of the data (not of axes and legends) of one Vega mark: symbol, rect, rule, text or line."""

    def find(svg: str, kind: str) -> list[etree._Element]:
        root = etree.fromstring(svg.encode())
        groups = [g for g in root.iter("{*}g") if {f"mark-{kind}", "role-mark"} <= set(g.get("class", "").split())]
        return [
            shape
            for group in groups
            for shape in group.iter("{*}path", "{*}circle", "{*}line", "{*}text")
            if isinstance(shape.tag, str)
        ]

    return find


def figures_about(text: str) -> list[Figure]:
    """One figure of each kind in which `text` is every label and the title."""
    return [
        count_bars([(text, 3), (text, 1)], title=text),
        length_histogram([0, 16, 32], [1, 2, 3], [3, 2, 1], title=text),
        similarity_histogram([0.0, 0.5, 1.0], [2, 4], 0.4, [1, 5], title=text),
        intent_bars([IntentBar(text, Bar(0.8, 0.7, 0.9), Bar(0.9, 0.8, 1.0), 20)] * 2, 0.85, title=text),
        chunk_map([MapPoint(0, 0, "live", text), MapPoint(1, 2, "added", text)], title=text, method=text),
        trend([TrendPoint(text, 0.5, 0.4), TrendPoint(text, 0.3, 0.4, blocked=True)], "min", title=text),
    ]


@pytest.fixture(scope="session")
def every_kind() -> Callable[[str], list[Figure]]:
    """Makes one figure of each kind about a text."""
    return figures_about
