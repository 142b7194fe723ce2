import re

import pytest
from lxml import etree

from kbgate.web.figures.trend import TrendPoint, trend

POINTS = [
    TrendPoint("May 1", 0.90, None),
    TrendPoint("May 2", None, 0.80),
    TrendPoint("May 3", 0.70, 0.80, blocked=True),
    TrendPoint("May 4", 0.95, 0.85),
]


def place(shape: etree._Element) -> tuple[float, float]:
    """The x and y of a mark in pixels."""
    x, y = re.match(r"translate\(([-0-9.]+),([-0-9.]+)\)", shape.get("transform")).groups()
    return float(x), float(y)


def test_one_mark_a_measured_run_and_blocked_runs_have_another_shape(marks):
    shapes = marks(trend(POINTS, "min", title="Recall").svg, "symbol")
    assert [etree.QName(shape).localname for shape in shapes] == ["circle", "path", "circle"]


def test_a_higher_value_stands_higher_and_a_later_run_further_right(marks):
    first, blocked, last = map(place, marks(trend(POINTS, "min", title="Recall").svg, "symbol"))
    assert first[0] < blocked[0] < last[0]
    assert last[1] < first[1] < blocked[1]
    assert (blocked[1] - last[1]) / (first[1] - last[1]) == pytest.approx(5, abs=0.1)


def test_the_threshold_is_a_dashed_line_that_changes_with_the_runs(marks):
    lines = marks(trend(POINTS, "min", title="Recall").svg, "rule")
    assert len(lines) == 2
    assert all(line.get("stroke-dasharray") or line.getparent().get("stroke-dasharray") for line in lines)
    (early_x, early_y), (late_x, late_y) = map(place, lines)
    assert early_x < late_x
    assert late_y < early_y
    # Two runs were held to the first threshold, one to the second.
    assert float(lines[0].get("x2")) == pytest.approx(2 * float(lines[1].get("x2")), abs=0.5)


def test_a_run_that_did_not_measure_it_breaks_the_line(marks):
    (line,) = marks(trend(POINTS, "min", title="Recall").svg, "line")
    assert line.get("d").count("M") == 2


def test_the_table_is_the_data():
    figure = trend(POINTS, "min", title="Recall")
    assert figure.columns == ("Run", "Value", "Threshold", "Run was")
    assert figure.rows == (
        ("May 1", "0.9", "none", "not blocked"),
        ("May 2", "not measured", "0.8", "not blocked"),
        ("May 3", "0.7", "0.8", "blocked"),
        ("May 4", "0.95", "0.85", "not blocked"),
    )


@pytest.mark.parametrize(
    ("direction", "sentence"), [("max", "must not exceed"), ("min", "must reach"), ("info", "reported only")]
)
def test_the_caption_says_how_to_read_the_line(direction, sentence):
    caption = trend(POINTS, direction, title="Recall").caption
    assert sentence in caption
    assert "1 of 4 runs were blocked" in caption


def test_the_last_90_runs_are_shown_with_labels_that_have_room(marks):
    figure = trend([TrendPoint(f"2026-{i:04d}", i / 200, 0.3) for i in range(120)], "max", title="Share")
    assert len(marks(figure.svg, "symbol")) == len(figure.rows) == 90
    assert figure.rows[0][0] == "2026-0030"
    assert "Of 120 runs the last 90 are shown." in figure.caption
    shown = [text for text in etree.fromstring(figure.svg).xpath("//text()") if text.startswith("2026-")]
    assert len(shown) == 7
    assert shown[-1] == "2026-0119"


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e9, 1e-9])
def test_one_run_is_a_picture_too(marks, value):
    assert len(marks(trend([TrendPoint("May 1", value)], "info", title="Share").svg, "symbol")) == 1


def test_runs_of_the_same_name_are_two_points(marks):
    assert len(marks(trend([TrendPoint("May 1", 1.0), TrendPoint("May 1", 2.0)], "info", title="n").svg, "symbol")) == 2


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(number):
    for point in (TrendPoint("May 1", number), TrendPoint("May 1", 1.0, number)):
        with pytest.raises(ValueError, match="not a finite number"):
            trend([point], "max", title="Share")
