"""What every figure hands to a page."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart and its numbers.

    `svg` may be placed in a page as it is: it has an accessible name, no style, script, link or id, and its text takes
    the colour of the text around it. It is 640 px wide and shrinks where the page's CSS sets `max-width: 100%`.
    It is "" when there is nothing to draw. `rows` has one text a column; cells are text, not HTML.
    """

    title: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    @classmethod
    def with_nothing_to_draw(cls, title: str, columns: Iterable[str], why: str) -> "Figure":
        """A figure without a chart whose caption says why."""
        return cls(title, "", tuple(columns), (), f"There is nothing to draw: {why}")
