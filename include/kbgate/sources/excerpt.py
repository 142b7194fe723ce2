"""Show a rejected value in a message or in the quarantine."""

import re
from typing import Any

EXCERPT_CHARS = 200
SURROGATE = re.compile("[\ud800-\udfff]")


def excerpt(value: Any, max_chars: int = EXCERPT_CHARS) -> str:
    """Return the beginning of a value as text that can always be stored: what is not Unicode becomes U+FFFD."""
    if isinstance(value, bytes):
        value = value[: 4 * max_chars].decode("utf-8", "replace").rstrip("\r\n")
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= max_chars else text[: max_chars - 1] + "…"
    return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
