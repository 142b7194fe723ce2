"""How many of each: one bar a label."""

from collections.abc import Sequence
from functools import lru_cache

from kbgate.web.figures.figure import Figure
from kbgate.web.figures.label import SHOW_LABEL, axis_keys, key_pixels, label
from kbgate.web.figures.palette import CANDIDATE
from kbgate.web.figures.render_chart import CHARTS_KEPT, render_chart

MAX_BARS = 30
ROW_PIXELS = 24
DIGIT_PIXELS = 7
LEAST_PLOT_PIXELS = 380


def count_bars(
    rows: Sequence[tuple[str, int]], *, title: str = "Rows by reason", label_title: str = "Reason", unit: str = "Rows"
) -> Figure:
    """Horizontal bars in the order given, each with its number; `rows` are labels and counts >= 0.

    The first 30 rows are drawn, the table has them all.

    Raises:
        ValueError: a count is negative.
    """
    if any(count < 0 for _, count in rows):
        raise ValueError(f"{title}: a count is {min(count for _, count in rows)}; counts are 0 or more.")
    columns = (label_title, unit)
    if not rows:
        return Figure.with_nothing_to_draw(title, columns, "there are no rows.")
    drawn = rows[:MAX_BARS]
    keys = tuple(axis_keys(name for name, _ in drawn))
    counts = tuple(count for _, count in drawn)
    return Figure(
        title=title,
        svg=_draw(keys, counts, title, unit),
        columns=columns,
        rows=tuple((label(name), f"{count:,}") for name, count in rows),
        caption=f"The first {MAX_BARS} of {len(rows):,} are drawn; the table has all." if len(rows) > MAX_BARS else "",
    )


@lru_cache(maxsize=CHARTS_KEPT)
def _draw(keys: tuple[str, ...], counts: tuple[int, ...], title: str, unit: str) -> str:
    import altair as alt

    most = max(*counts, 1)
    # Room to the right of the longest bar for its number, beside the longest labels that an axis may have.
    limits = [0, most / (1 - DIGIT_PIXELS * len(f"{most:,} ") / LEAST_PLOT_PIXELS)]
    axis = alt.Axis(ticks=False, domain=False, labelPadding=6, labelExpr=SHOW_LABEL, minExtent=key_pixels(keys))
    base = alt.Chart(alt.NamedData("rows")).encode(
        y=alt.Y("key:N", title=None, scale=alt.Scale(domain=list(keys)), axis=axis),
        x=alt.X(
            "count:Q", title=unit, scale=alt.Scale(domain=limits, nice=False), axis=alt.Axis(tickCount=5, format=",d")
        ),
    )
    bars = base.mark_bar(color=CANDIDATE, height=alt.RelativeBandSize(0.66))
    numbers = base.mark_text(align="left", dx=5).encode(text=alt.Text("count:Q", format=","))
    rows = [{"key": key, "count": count} for key, count in zip(keys, counts, strict=True)]
    return render_chart(bars + numbers, {"rows": rows}, title, height=60 + ROW_PIXELS * len(keys))
