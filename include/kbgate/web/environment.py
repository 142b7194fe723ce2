"""The templates of the pages, and how values are written into them."""

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kbgate.web.visible import visible

FOLDER = Path(__file__).parent


@cache
def environment() -> Environment:
    """Return templates that escape every value and make hidden characters visible; each is compiled once a process.

    Filters: `number` (4 significant digits, None is a dash), `words` (`mean_tokens` -> `mean tokens`), `segment` (any text as
    one part of a URL's path).
    """
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(number=number, words=words, segment=segment)
    return made


def number(value: Any) -> str:
    """Write a number for a person: thousands grouped, fractions with four significant digits, None as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) or abs(value) >= 1000 else f"{value:.4g}"


def words(name: Any) -> str:
    """Write a name of code as words."""
    return str(name).replace("_", " ")


def segment(text: Any) -> str:
    """Encode a text as one part of a URL's path."""
    return quote(str(text), safe="")


def style_sheet() -> str:
    """Return the stylesheet of every page."""
    return (FOLDER / "style.css").read_text()


def _finalize(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
