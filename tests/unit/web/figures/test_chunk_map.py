import random

import pytest
from lxml import etree

from kbgate.web.figures.chunk_map import MARKS, MapPoint, chunk_map

POINTS = [MapPoint(float(i), float(i % 3), origin, f"doc-{i}") for i, origin in enumerate([*MARKS, "added", "added"])]


def test_one_mark_a_chunk_that_names_its_document(marks):
    shapes = marks(chunk_map(POINTS).svg, "symbol")
    assert sorted(shape.find("{*}title").text for shape in shapes) == [f"doc-{i}" for i in range(7)]


def test_no_two_origins_look_alike_without_colour(marks):
    shapes = {
        shape.find("{*}title").text: (
            shape.get("d") or "circle",
            next(e.get("fill") for e in [shape, *shape.iterancestors()] if e.get("fill")) == "none",
        )
        for shape in marks(chunk_map(POINTS[:5]).svg, "symbol")
    }
    assert len(set(shapes.values())) == len(MARKS)


def test_a_mark_stands_where_its_chunk_is(marks):
    points = [MapPoint(x, 0.0, "added", str(x)) for x in (-1.0, 0.0, 3.0)]
    at = {
        shape.find("{*}title").text: float(shape.get("transform").split("(")[1].split(",")[0])
        for shape in marks(chunk_map(points).svg, "symbol")
    }
    assert (at["0.0"] - at["-1.0"]) / (at["3.0"] - at["-1.0"]) == pytest.approx(0.25, abs=0.01)


def test_the_table_has_one_row_an_origin():
    figure = chunk_map([MapPoint(0, 0, "added", "a"), MapPoint(2, 0, "added", "b"), MapPoint(5, 5, "live", "c")])
    assert figure.columns == ("Origin", "Mark", "Chunks", "Centre x", "Centre y", "Spread")
    assert figure.rows == (
        ("live", "grey ring", "1", "5", "5", "0"),
        ("added", "blue triangle", "2", "1", "0", "1"),
    )


def test_only_origins_that_occur_are_in_the_legend():
    texts = etree.fromstring(chunk_map([MapPoint(0, 0, "added", "a")]).svg).xpath("//text()")
    assert [text for text in texts if text in MARKS] == ["added"]


def test_the_method_is_told():
    assert chunk_map(POINTS, method="PCA of 7 chunks.").caption.startswith("PCA of 7 chunks. ")


@pytest.mark.parametrize(
    "name", ["guides/returns/how-to-send-a-parcel-back-{}.md", "退貨與退款的說明文件以及常見問題{}", "<<<<&&&&{}"]
)
def test_a_map_of_2000_chunks_is_smaller_than_300_kb(name):
    rng = random.Random(7)
    origins = list(MARKS)
    points = [MapPoint(rng.gauss(0, 1), rng.gauss(0, 1), rng.choice(origins), name.format(i)) for i in range(2000)]
    svg = chunk_map(points).svg
    assert len(svg.encode()) < 300_000
    assert svg.count("<title>") == 2000


@pytest.mark.parametrize("point", [MapPoint(0, 0, "elsewhere", "a"), MapPoint(float("nan"), 0, "live", "a")])
def test_an_unknown_origin_or_place_is_refused(point):
    with pytest.raises(ValueError, match="finite coordinates and one of the origins"):
        chunk_map([point])
