"""The look of every chart: few colours, each with a contrast of 3:1 or more on white and on near-black."""

from typing import Any

CANDIDATE = "#1f7fc1"
LIVE = "#d55e00"
QUIET = "#7f7f7f"
"""What stayed as it was."""
NONE = "transparent"
TEXT = "currentColor"
"""The colour of the text around the figure, so that light and dark themes need no second picture."""
GRID = "var(--kb-grid, #80808059)"

WIDTH = 640
HEIGHT = 260
"""Pixels."""


def chart_config() -> dict[str, Any]:
    """Vega-Lite configuration: text, axes and grid in the page's colours, no background."""
    text = {
        "labelColor": TEXT,
        "titleColor": TEXT,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    return {
        "background": NONE,
        "font": "sans-serif",
        "view": {"stroke": None},
        "axis": text | {"gridColor": GRID, "domainColor": TEXT, "tickColor": TEXT, "titlePadding": 8, "labelLimit": 0},
        "legend": text | {"orient": "top", "title": None, "symbolSize": 110, "labelLimit": 0, "columnPadding": 20},
        "text": {"color": TEXT, "fontSize": 12},
        "rule": {"color": TEXT},
        "aria": False,
    }
