"""Text from outside as it may be shown: nothing in it hides, turns the line around or fills the page."""

import re
import unicodedata

LIMIT_CHARS = 1000
# Controls but tab and line ends, direction controls, zero-width blanks, lone surrogates, and the invisible copy of ASCII.
HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069"
    "\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str, limit_chars: int = LIMIT_CHARS) -> str:
    """Return the first `limit_chars` characters, each hidden one as its name in brackets, and say how many were cut."""
    n_cut = len(text) - limit_chars
    shown = HIDDEN.sub(_named, text[:limit_chars])
    return f"{shown} … [{n_cut:,} more characters]" if n_cut > 0 else shown


def _named(match: re.Match[str]) -> str:
    character = match.group()
    name = unicodedata.name(character, "")
    return f"[U+{ord(character):04X}{' ' if name else ''}{name}]"
