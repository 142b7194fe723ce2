"""Text from documents, runs and settings, made fit for a chart and its table."""

import unicodedata
from collections.abc import Iterable

from kbgate.web.visible import visible

TABLE_CHARS = 200
CHART_COLUMNS = 36
"""Longest label on an axis; a Chinese, Japanese or Korean character, an emoji or a mathematical letter takes two columns."""
COLUMN_PIXELS = 6
NUMBER_COLUMNS = 4
SHOW_LABEL = f"slice(datum.label, {NUMBER_COLUMNS})"
"""Vega expression of an axis that takes the number off a key."""
NOT_IN_XML = str.maketrans("\ufffe\uffff", 2 * "\N{REPLACEMENT CHARACTER}")


def label(text: str) -> str:
    """One line of text without hidden characters, cut after 200 characters with the number of characters left out."""
    return " ".join(visible(text, TABLE_CHARS).translate(NOT_IN_XML).split()) or "(blank)"


def short_label(text: str) -> str:
    """A label of at most 36 columns, cut with an ellipsis."""
    shown = label(text)
    if len(shown) <= CHART_COLUMNS and _columns(shown) <= CHART_COLUMNS:
        return shown
    shown = shown[: CHART_COLUMNS - 1]
    while _columns(shown) >= CHART_COLUMNS:
        shown = shown[:-1]
    return shown + "…"


def axis_keys(texts: Iterable[str]) -> list[str]:
    """What stands for each text on an axis: its number and its short label, of which the axis shows the label.

    The number keeps equal labels apart, and keys off the names that JavaScript gives every object ("constructor").
    """
    return [f"{number:03d} {short_label(text)}" for number, text in enumerate(texts)]


def key_pixels(keys: Iterable[str]) -> int:
    """Room that the widest label of some keys needs, where the server has no font to measure it with."""
    return COLUMN_PIXELS * max((_columns(key) - NUMBER_COLUMNS for key in keys), default=0)


def _columns(text: str) -> int:
    wide = (unicodedata.east_asian_width(character) in "WF" or character > "\uffff" for character in text)
    return len(text) + sum(wide)
