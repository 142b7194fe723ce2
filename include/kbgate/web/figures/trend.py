"""One measurement over the last runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal

from kbgate.web.figures.figure import Figure
from kbgate.web.figures.label import SHOW_LABEL, axis_keys, label
from kbgate.web.figures.palette import CANDIDATE, LIVE
from kbgate.web.figures.render_chart import CHARTS_KEPT, Rows, render_chart

MAX_RUNS = 90
AXIS_LABELS = 7
LABEL_PIXELS = 84
HEIGHT = 220
STATES = ["not blocked", "blocked"]
RULES = {
    "max": "The value must not exceed the dashed line.",
    "min": "The value must reach the dashed line.",
    "info": "The value is reported only; nothing is held to it.",
}


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One run; `value` is None where it was not measured, `threshold` None where there was none.

    `run` is a short label, such as a date; `blocked` says whether the run's promotion was blocked.
    """

    run: str
    value: float | None
    threshold: float | None = None
    blocked: bool = False


def trend(points: Sequence[TrendPoint], direction: Literal["max", "min", "info"], *, title: str) -> Figure:
    """A line through the values of the last 90 runs, oldest first, with the threshold each was held to.

    A blocked run is a triangle, any other a dot. `direction` is that of the measurement.

    Raises:
        ValueError: a value or a threshold is not finite.
    """
    shown = tuple(points[-MAX_RUNS:])
    if not all(map(math.isfinite, _numbers(shown))):
        raise ValueError(f"{title}: a value or threshold is not a finite number.")
    columns = ("Run", "Value", "Threshold", "Run was")
    if all(point.value is None for point in shown):
        return Figure.with_nothing_to_draw(title, columns, "no run measured it.")
    blocked = f"{sum(point.blocked for point in shown)} of {len(shown)} runs were blocked."
    last = f"Of {len(points):,} runs the last {MAX_RUNS} are shown." if len(points) > MAX_RUNS else ""
    return Figure(
        title=title,
        svg=_draw(shown, title),
        columns=columns,
        rows=tuple(
            (
                label(point.run),
                "not measured" if point.value is None else f"{point.value:.4g}",
                "none" if point.threshold is None else f"{point.threshold:.4g}",
                STATES[point.blocked],
            )
            for point in shown
        ),
        caption=" ".join(filter(None, [RULES[direction], blocked, last])),
    )


def _numbers(points: Sequence[TrendPoint]) -> list[float]:
    return [number for point in points for number in (point.value, point.threshold) if number is not None]


def _limits(points: Sequence[TrendPoint]) -> list[float]:
    """Bounds of the axis with some room; never below 0 for a measure that is never negative."""
    numbers = _numbers(points)
    low, high = min(numbers), max(numbers)
    room = 0.1 * (high - low) or 0.1 * abs(high) or 1.0
    return [max(low - room, 0.0) if low >= 0 else low - room, high + room]


def _threshold_lines(runs: Sequence[str], points: Sequence[TrendPoint]) -> list[dict[str, str | float]]:
    """One line for each stretch of runs with the same threshold."""
    lines: list[dict[str, str | float]] = []
    for threshold, stretch in groupby(zip(runs, points, strict=True), key=lambda pair: pair[1].threshold):
        names = [run for run, _ in stretch]
        if threshold is not None:
            lines.append({"first": names[0], "last": names[-1], "threshold": threshold})
    return lines


@lru_cache(maxsize=CHARTS_KEPT)
def _draw(points: tuple[TrendPoint, ...], title: str) -> str:
    import altair as alt

    runs = axis_keys(point.run for point in points)
    step = math.ceil(len(runs) / AXIS_LABELS)
    x_scale = alt.Scale(domain=runs, padding=0)
    axis = alt.Axis(
        values=runs[::-1][::step],
        labelExpr=SHOW_LABEL,
        title=None,
        labelAngle=0,
        labelAlign="center",
        labelBaseline="top",
        labelLimit=LABEL_PIXELS,
        labelOverlap=False,
    )
    x = alt.X("run:N", scale=x_scale, axis=axis)
    y = alt.Y(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=_limits(points), zero=False, nice=False),
        axis=alt.Axis(tickCount=5),
    )
    line = alt.Chart(alt.NamedData("values")).mark_line(color=CANDIDATE, strokeWidth=1.5).encode(x=x, y=y)
    marks = (
        alt.Chart(alt.NamedData("measured"))
        .mark_point(filled=True, opacity=1)
        .encode(
            x=x,
            y=y,
            shape=alt.Shape("state:N", scale=alt.Scale(domain=STATES, range=["circle", "triangle-up"])),
            color=alt.Color("state:N", scale=alt.Scale(domain=STATES, range=[CANDIDATE, LIVE])),
            size=alt.Size("state:N", scale=alt.Scale(type="ordinal", domain=STATES, range=[24, 90])),
        )
    )
    limit = (
        alt.Chart(alt.NamedData("thresholds"))
        .mark_rule(strokeDash=[5, 4], strokeWidth=1.5)
        .encode(
            x=alt.X("first:N", scale=x_scale, bandPosition=0),
            x2=alt.X2("last:N", bandPosition=1),
            y=alt.Y("threshold:Q"),
        )
    )
    values = [
        {"run": run, "value": point.value, "state": STATES[point.blocked]}
        for run, point in zip(runs, points, strict=True)
    ]
    data: dict[str, Rows] = {
        "values": values,
        "measured": [row for row in values if row["value"] is not None],
        "thresholds": _threshold_lines(runs, points),
    }
    return render_chart(limit + line + marks, data, title, height=HEIGHT)
