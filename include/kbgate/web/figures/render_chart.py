"""Render an altair chart to SVG on the server: no JavaScript and no request in the reader's browser."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kbgate.web.figures.label import label
from kbgate.web.figures.palette import HEIGHT, WIDTH, chart_config
from kbgate.web.figures.safe_svg import safe_svg

if TYPE_CHECKING:
    import altair as alt

CHARTS_KEPT = 64
"""How many charts each kind of figure remembers: a page that is opened again costs no drawing."""
Rows = Sequence[Mapping[str, Any]]


def render_chart(chart: "alt.typing.ChartType", data: Mapping[str, Rows], name: str, height: int = HEIGHT) -> str:
    """Draw a chart whose layers name their data (`alt.NamedData`) as an SVG that may stand in a page.

    `data` are the rows of each name. They are joined to the finished specification, so no text among them is ever read
    as a Vega-Lite expression or field. `name` is the accessible name; `height` is in pixels, the width is 640.

    Raises:
        ValueError: a number is not finite, or the chart holds what `safe_svg` does not let through.
    """
    import altair as alt
    import vl_convert

    spec = chart.to_dict(validate=False)
    spec |= {
        "config": chart_config(),
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "datasets": {key: list(rows) for key, rows in data.items()},
    }
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    svg = vl_convert.vegalite_to_svg(json.dumps(spec, allow_nan=False), vl_version=version, allowed_base_urls=[])
    return safe_svg(svg, label(name))
