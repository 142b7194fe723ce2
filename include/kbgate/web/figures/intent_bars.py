"""Recall of each intent, the candidate beside live."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kbgate.web.figures.figure import Figure
from kbgate.web.figures.label import SHOW_LABEL, axis_keys, key_pixels, label
from kbgate.web.figures.palette import CANDIDATE, LIVE, NONE, TEXT
from kbgate.web.figures.render_chart import CHARTS_KEPT, Rows, render_chart

MAX_INTENTS = 30
ROW_PIXELS = 34
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Bar:
    """A share in [0, 1] with its 95 % interval; `low` and `high` are None where there is no interval."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class IntentBar:
    """One intent; `candidate` and `live` are None where they were not measured, `n` is the number of queries."""

    label: str
    candidate: Bar | None
    live: Bar | None = None
    n: int | None = None


def intent_bars(
    rows: Sequence[IntentBar], threshold: float | None, *, title: str = "Recall by intent", measure: str = "Recall"
) -> Figure:
    """Two bars an intent, candidate filled and live outlined, with 95 % intervals and a dashed line at the threshold.

    The first 30 intents are drawn, the table has them all.

    Raises:
        ValueError: a value or a bound is not in [0, 1].
    """
    for bar in (bar for row in rows for bar in (row.candidate, row.live) if bar):
        if not all(0 <= number <= 1 for number in (bar.value, bar.low or 0, bar.high or 0)):
            raise ValueError(f"{title}: {bar} is not within 0 and 1.")
    columns = ("Intent", "Queries", "Candidate", "95 % interval", "Live", "95 % interval of live", "Threshold")
    drawn = tuple(rows[:MAX_INTENTS])
    if not any(row.candidate or row.live for row in drawn):
        return Figure.with_nothing_to_draw(title, columns, "no intent was measured.")
    caption = ["Thin lines are 95 % intervals."]
    if threshold is not None:
        caption.append(f"Dashed line: the threshold, {threshold:.3g}.")
    if len(rows) > MAX_INTENTS:
        caption.append(f"The first {MAX_INTENTS} of {len(rows):,} intents are drawn; the table has all.")
    limit = "none" if threshold is None else f"{threshold:.3g}"
    return Figure(
        title=title,
        svg=_draw(drawn, threshold, title, measure),
        columns=columns,
        rows=tuple(
            (label(row.label), "" if row.n is None else f"{row.n:,}", *_cells(row.candidate), *_cells(row.live), limit)
            for row in rows
        ),
        caption=" ".join(caption),
    )


def _cells(bar: Bar | None) -> tuple[str, str]:
    if bar is None:
        return NOT_MEASURED, ""
    return f"{bar.value:.3f}", "" if bar.low is None or bar.high is None else f"{bar.low:.3f} to {bar.high:.3f}"


@lru_cache(maxsize=CHARTS_KEPT)
def _draw(rows: tuple[IntentBar, ...], threshold: float | None, title: str, measure: str) -> str:
    import altair as alt

    keys = axis_keys(row.label for row in rows)
    has_live = any(row.live for row in rows)
    series = ["Candidate", "Live"] if has_live else ["Candidate"]
    bars = [
        {"intent": key, "series": name, "value": bar.value, "low": bar.low, "high": bar.high}
        for key, row in zip(keys, rows, strict=True)
        for name, bar in (("Candidate", row.candidate), ("Live", row.live))
        if bar
    ]
    intervals = [bar for bar in bars if bar["low"] is not None and bar["high"] is not None]
    axis = alt.Axis(ticks=False, domain=False, labelPadding=6, labelExpr=SHOW_LABEL, minExtent=key_pixels(keys))
    rows_of_both = {
        "y": alt.Y("intent:N", title=None, scale=alt.Scale(domain=keys, paddingInner=0.3), axis=axis),
        "yOffset": alt.YOffset("series:N", scale=alt.Scale(domain=series)),
    }
    x = alt.X("value:Q", title=measure, scale=alt.Scale(domain=[0, 1], nice=False), axis=alt.Axis(tickCount=6))
    layers = [
        alt.Chart(alt.NamedData("bars"))
        .mark_bar(strokeWidth=1.5, height=alt.RelativeBandSize(0.8))
        .encode(
            x=x,
            fill=alt.Fill("series:N", scale=alt.Scale(domain=series, range=[CANDIDATE, NONE][: len(series)])),
            stroke=alt.Stroke("series:N", scale=alt.Scale(domain=series, range=[CANDIDATE, LIVE][: len(series)])),
            **rows_of_both,
        ),
        alt.Chart(alt.NamedData("intervals")).mark_rule(strokeWidth=1.5).encode(x="low:Q", x2="high:Q", **rows_of_both),
        *(
            alt.Chart(alt.NamedData("intervals"))
            .mark_tick(color=TEXT, thickness=1.5, size=6, opacity=1)
            .encode(x=f"{end}:Q", **rows_of_both)
            for end in ("low", "high")
        ),
    ]
    if threshold is not None:
        limit = alt.Chart(alt.NamedData("limit")).encode(x="threshold:Q")
        layers += [
            limit.mark_rule(strokeDash=[5, 4], strokeWidth=1.5),
            limit.mark_text(y=-7).encode(text=alt.Text("threshold:Q", format=".3")),
        ]
    data: dict[str, Rows] = {"bars": bars, "intervals": intervals, "limit": [{"threshold": threshold}]}
    row_pixels = ROW_PIXELS if has_live else math.ceil(ROW_PIXELS * 0.7)
    return render_chart(alt.layer(*layers), data, title, height=90 + row_pixels * len(keys))
