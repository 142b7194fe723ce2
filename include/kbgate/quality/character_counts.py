"""Count kinds of characters over a whole batch of texts at once."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

# Line breaks, tabs and the form feed that PDF extraction leaves between pages are ordinary.
ORDINARY_CONTROLS = "\t\n\r\f"
REPLACEMENT = 0xFFFD
SPECIAL, CONTROL, LETTER, VISIBLE = 1, 2, 4, 8


@dataclass(frozen=True, slots=True)
class CharacterCounts:
    """Counts per text, int64 arrays of shape (n_texts,).

    `special` are visible characters that are no letter, mark or digit; `control` are control codes (except tab, line
    breaks, form feed), lone surrogates and non-characters; `replacement` is U+FFFD; `visible` is all but white space,
    format characters and controls.
    """

    special: NDArray[np.int64]
    control: NDArray[np.int64]
    replacement: NDArray[np.int64]
    letters: NDArray[np.int64]
    visible: NDArray[np.int64]


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the code points of all texts in one row, and where each text ends in it (shape (n_texts,))."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    ends = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)))
    return np.frombuffer(joined, dtype=np.uint32), ends


def count_characters(texts: Sequence[str]) -> CharacterCounts:
    """Count the kinds of characters of each text."""
    points, ends = code_points(texts)
    classes = _class_table()[points]

    def per_text(hits: NDArray[np.bool_]) -> NDArray[np.int64]:
        before = np.concatenate([[0], np.cumsum(hits, dtype=np.int64)])
        return np.diff(before[np.concatenate([[0], ends])])

    return CharacterCounts(
        special=per_text((classes & SPECIAL) > 0),
        control=per_text((classes & CONTROL) > 0),
        replacement=per_text(points == REPLACEMENT),
        letters=per_text((classes & LETTER) > 0),
        visible=per_text((classes & VISIBLE) > 0),
    )


@cache
def _class_table() -> NDArray[np.uint8]:
    """One byte of flags for every code point."""
    kinds = {"L": LETTER | VISIBLE, "M": VISIBLE, "N": VISIBLE, "P": SPECIAL | VISIBLE, "S": SPECIAL | VISIBLE}
    flags = {"Cc": CONTROL, "Cs": CONTROL}
    categories = [unicodedata.category(chr(point)) for point in range(0x110000)]
    table = np.array([flags.get(category, kinds.get(category[0], 0)) for category in categories], dtype=np.uint8)
    table[[ord(character) for character in ORDINARY_CONTROLS]] = 0
    # The last two code points of each plane are no characters; U+FFFE is a byte order mark read the wrong way round.
    table[[plane + last for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)]] = CONTROL
    return table
