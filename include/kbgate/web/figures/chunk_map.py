"""Where the chunks of live and candidate lie, laid flat."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kbgate.web.figures.figure import Figure
from kbgate.web.figures.label import short_label
from kbgate.web.figures.palette import CANDIDATE, LIVE, NONE, QUIET, TEXT
from kbgate.web.figures.render_chart import CHARTS_KEPT, render_chart

HEIGHT = 420
CROSS = "M-1,-1L1,1M1,-1L-1,1"


@dataclass(frozen=True, slots=True)
class MapPoint:
    """One chunk at `x`, `y` of a two-dimensional projection (no unit); `label` names its document.

    `origin` is "live", "unchanged", "added", "changed" or "removed".
    """

    x: float
    y: float
    origin: str
    label: str


@dataclass(frozen=True, slots=True)
class _Mark:
    """How the chunks of an origin are drawn; `size` is an area in square pixels."""

    name: str
    shape: str
    size: int
    fill: str
    stroke: str


# What moved comes last, so that it is drawn over what stayed.
MARKS = {
    "live": _Mark("grey ring", "circle", 18, NONE, QUIET),
    "unchanged": _Mark("grey dot", "circle", 18, QUIET, QUIET),
    "removed": _Mark("cross in the colour of the text", CROSS, 36, NONE, TEXT),
    "added": _Mark("blue triangle", "triangle-up", 60, CANDIDATE, CANDIDATE),
    "changed": _Mark("orange square", "square", 40, LIVE, LIVE),
}


def chunk_map(points: Sequence[MapPoint], *, title: str = "Map of chunks", method: str = "") -> Figure:
    """A scatter plot with one shape an origin; under the pointer a mark names its document.

    `method` says how the map was made. The coordinates mean nothing by themselves, so the table has one row an origin:
    its number of chunks, their centre, and their spread (root mean square distance from the centre).

    Raises:
        ValueError: an origin is unknown, or a coordinate is not finite.
    """
    for point in points:
        if point.origin not in MARKS or not (math.isfinite(point.x) and math.isfinite(point.y)):
            raise ValueError(f"{title}: {point!r:.300} needs finite coordinates and one of the origins {list(MARKS)}.")
    columns = ("Origin", "Mark", "Chunks", "Centre x", "Centre y", "Spread")
    if not points:
        return Figure.with_nothing_to_draw(title, columns, "no chunk was laid out.")
    by_origin = {origin: [point for point in points if point.origin == origin] for origin in MARKS}
    present = {origin: some for origin, some in by_origin.items() if some}
    return Figure(
        title=title,
        svg=_draw(tuple(point for some in present.values() for point in some), title),
        columns=columns,
        rows=tuple(_row(origin, some) for origin, some in present.items()),
        caption=" ".join(filter(None, [method, "Near means similar; the axes have no unit."])),
    )


def _row(origin: str, points: Sequence[MapPoint]) -> tuple[str, ...]:
    n = len(points)
    x, y = sum(point.x for point in points) / n, sum(point.y for point in points) / n
    spread = math.sqrt(sum((point.x - x) ** 2 + (point.y - y) ** 2 for point in points) / n)
    return origin, MARKS[origin].name, f"{n:,}", f"{x:.3g}", f"{y:.3g}", f"{spread:.3g}"


@lru_cache(maxsize=CHARTS_KEPT)
def _draw(points: tuple[MapPoint, ...], title: str) -> str:
    import altair as alt

    origins = list(dict.fromkeys(point.origin for point in points))
    marks = [MARKS[origin] for origin in origins]

    def look(attribute: str) -> alt.Scale:
        return alt.Scale(type="ordinal", domain=origins, range=[getattr(mark, attribute) for mark in marks])

    bare = alt.Axis(labels=False, ticks=False, domain=False, grid=False, title=None)
    chart = (
        alt.Chart(alt.NamedData("points"))
        .mark_point(strokeWidth=1, opacity=1, aria=True)
        .encode(
            x=alt.X("x:Q", scale=alt.Scale(zero=False), axis=bare),
            y=alt.Y("y:Q", scale=alt.Scale(zero=False), axis=bare),
            shape=alt.Shape("origin:N", scale=look("shape")),
            size=alt.Size("origin:N", scale=look("size")),
            fill=alt.Fill("origin:N", scale=look("fill")),
            stroke=alt.Stroke("origin:N", scale=look("stroke")),
            description="label:N",
        )
    )
    rows = [{"x": point.x, "y": point.y, "origin": point.origin, "label": short_label(point.label)} for point in points]
    return render_chart(chart, {"points": rows}, title, height=HEIGHT)
