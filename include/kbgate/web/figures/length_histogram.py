"""Lengths of this ingest's texts beside live's."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from kbgate.web.figures.figure import Figure
from kbgate.web.figures.palette import CANDIDATE, LIVE, NONE
from kbgate.web.figures.render_chart import CHARTS_KEPT, render_chart


def length_histogram(
    bins: Sequence[int],
    current: Sequence[int],
    reference: Sequence[int] | None,
    *,
    title: str = "Length of documents",
    unit: str = "tokens",
) -> Figure:
    """Bars of the share of texts in each bin of length, this ingest filled and live outlined.

    `bins` are the lower bounds in `unit`, the last bin is open. `current` and `reference` count the texts of each bin;
    `reference` is None where there is no live version. Shares are drawn because the two may differ in size.

    Raises:
        ValueError: there are not as many counts as bins, or a count is negative.
    """
    for counts in (current, reference or [0] * len(bins)):
        if len(counts) != len(bins) or any(count < 0 for count in counts):
            raise ValueError(f"{title}: {len(bins)} bins need as many counts of 0 or more, not {list(counts)[:50]}.")
    names = (*(f"{low:,}–{high - 1:,}" for low, high in pairwise(bins)), *(f"{low:,}+" for low in bins[-1:]))
    series = {"This ingest": current} | ({"Live": reference} if reference is not None else {})
    columns = (f"Length in {unit}", *(f"{name}, {what}" for name in series for what in ("texts", "share")))
    if not any(sum(counts) for counts in series.values()):
        return Figure.with_nothing_to_draw(title, columns, "no text was counted.")
    shares = {name: tuple(count / max(sum(counts), 1) for count in counts) for name, counts in series.items()}
    return Figure(
        title=title,
        svg=_draw(names, tuple(shares.items()), title, unit),
        columns=columns,
        rows=tuple(
            (name, *(cell for key in series for cell in (f"{series[key][i]:,}", f"{shares[key][i]:.1%}")))
            for i, name in enumerate(names)
        ),
        caption=" ".join(f"{name}: {sum(counts):,} texts." for name, counts in series.items()),
    )


@lru_cache(maxsize=CHARTS_KEPT)
def _draw(names: tuple[str, ...], shares: tuple[tuple[str, tuple[float, ...]], ...], title: str, unit: str) -> str:
    import altair as alt

    series = [key for key, _ in shares]
    fill = alt.Scale(domain=series, range=[CANDIDATE, NONE][: len(series)])
    stroke = alt.Scale(domain=series, range=[CANDIDATE, LIVE][: len(series)])
    chart = (
        alt.Chart(alt.NamedData("bins"))
        .mark_bar(strokeWidth=1.5)
        .encode(
            x=alt.X(
                "bin:N", title=unit.capitalize(), scale=alt.Scale(domain=list(names)), axis=alt.Axis(labelAngle=-30)
            ),
            xOffset=alt.XOffset("series:N", scale=alt.Scale(domain=series, paddingInner=0.15)),
            y=alt.Y("share:Q", title="Share of texts", stack=None, axis=alt.Axis(format="%", tickCount=5)),
            fill=alt.Fill("series:N", scale=fill),
            stroke=alt.Stroke("series:N", scale=stroke),
        )
    )
    rows = [
        {"bin": name, "series": key, "share": share}
        for key, values in shares
        for name, share in zip(names, values, strict=True)
    ]
    return render_chart(chart, {"bins": rows}, title)
