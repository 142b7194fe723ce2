"""The page parameter of an address."""

import re

from kbgate.errors import UsageError


def page_number(text: str) -> int:
    """Return a page as a number from 1 to 9,999,999; "" is page 1.

    Raises:
        UsageError: it is something else.
    """
    if not text:
        return 1
    if not re.fullmatch(r"[1-9][0-9]{0,6}", text):
        raise UsageError(f"page is {text[:40]!r}. Wanted: a whole number from 1, such as page=2.")
    return int(text)
