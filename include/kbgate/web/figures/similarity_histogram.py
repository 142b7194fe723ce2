"""How similar new chunks are to their nearest neighbour in live."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from kbgate.web.figures.figure import Figure
from kbgate.web.figures.palette import CANDIDATE, LIVE, NONE
from kbgate.web.figures.render_chart import CHARTS_KEPT, render_chart


def similarity_histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    threshold: float | None,
    reference_counts: Sequence[int] | None = None,
    *,
    title: str = "Similarity of new chunks to their nearest neighbour in live",
) -> Figure:
    """Filled bars of the share of new chunks, an outline for live's own chunks, a dashed line at the threshold.

    `edges` are the n + 1 rising bounds of n bins of cosine similarity in [-1, 1]; `counts` and `reference_counts` count
    the chunks of each bin. `threshold` is the similarity below which a chunk counts as unlike live; None if unknown.

    Raises:
        ValueError: the edges do not rise, there are not as many counts as bins, or a count is negative.
    """
    n_bins = max(len(edges) - 1, 0)
    if any(high <= low for low, high in pairwise(edges)):
        raise ValueError(f"{title}: the bounds of the bins must rise, not {list(edges)[:50]}.")
    for some in (counts, reference_counts or [0] * n_bins):
        if len(some) != n_bins or any(count < 0 for count in some):
            raise ValueError(f"{title}: {n_bins} bins need as many counts of 0 or more, not {list(some)[:50]}.")
    series = {"New chunks": counts} | ({"Live": reference_counts} if reference_counts is not None else {})
    columns = ("Similarity", *(f"{name}, {what}" for name in series for what in ("chunks", "share")))
    if not any(sum(some) for some in series.values()):
        return Figure.with_nothing_to_draw(title, columns, "no chunk was compared with live.")
    shares = {name: tuple(count / max(sum(some), 1) for count in some) for name, some in series.items()}
    caption = [f"{name}: {sum(some):,} chunks." for name, some in series.items()]
    if threshold is not None:
        caption.append(f"Dashed line: below {threshold:.3g} a chunk counts as unlike live.")
    return Figure(
        title=title,
        svg=_draw(tuple(edges), tuple(shares.items()), threshold, title),
        columns=columns,
        rows=tuple(
            (
                f"{edges[i]:.4g} to {edges[i + 1]:.4g}",
                *(cell for name in series for cell in (f"{series[name][i]:,}", f"{shares[name][i]:.1%}")),
            )
            for i in range(n_bins)
        ),
        caption=" ".join(caption),
    )


@lru_cache(maxsize=CHARTS_KEPT)
def _draw(
    edges: tuple[float, ...], shares: tuple[tuple[str, tuple[float, ...]], ...], threshold: float | None, title: str
) -> str:
    import altair as alt

    series = [name for name, _ in shares]
    bars = [
        {"series": name, "low": edges[i], "high": edges[i + 1], "share": share}
        for name, some in shares
        for i, share in enumerate(some)
        if share
    ]
    scale = alt.Scale(domain=[edges[0], edges[-1]], nice=False)
    chart = (
        alt.Chart(alt.NamedData("bars"))
        .mark_bar(strokeWidth=1.5, binSpacing=0)
        .encode(
            x=alt.X("low:Q", title="Cosine similarity", scale=scale, axis=alt.Axis(grid=False, tickCount=10)),
            x2="high:Q",
            y=alt.Y("share:Q", title="Share of chunks", stack=None, axis=alt.Axis(format="%", tickCount=5)),
            y2=alt.Y2(datum=0),
            fill=alt.Fill("series:N", scale=alt.Scale(domain=series, range=[CANDIDATE, NONE][: len(series)])),
            stroke=alt.Stroke("series:N", scale=alt.Scale(domain=series, range=[CANDIDATE, LIVE][: len(series)])),
        )
    )
    if threshold is None:
        return render_chart(chart, {"bars": bars}, title)
    limit = alt.Chart(alt.NamedData("limit")).encode(x="threshold:Q")
    rule = limit.mark_rule(strokeDash=[5, 4], strokeWidth=1.5)
    text = limit.mark_text(y=-7).encode(text=alt.Text("threshold:Q", format=".3"))
    return render_chart(chart + rule + text, {"bars": bars, "limit": [{"threshold": threshold}]}, title)
