"""Find text that was decoded with the wrong character set."""

import re

from ftfy.badness import badness

CHARACTERS_PER_BAD_SEQUENCE = 1000
# Every pattern of the detector holds a character beyond ASCII; a few neighbours are all the context it reads.
_AROUND_NON_ASCII = re.compile(r".{0,4}(?:[^\x00-\x7f]+.{0,4})+")


def count_mojibake(text: str) -> int:
    """Number of unlikely character sequences that ftfy's detector finds (`ftfy.badness`)."""
    if text.isascii():
        return 0
    return badness("\n".join(_AROUND_NON_ASCII.findall(text)))


def is_mojibake(text: str, n_bad: int) -> bool:
    """More than one bad sequence in 1,000 characters.

    The detector alone calls a long page bad that quotes one "Ã©" to explain what broken text looks like; in a page that
    really was decoded wrongly every accent and curly quote is hit.
    """
    return n_bad > len(text) / CHARACTERS_PER_BAD_SEQUENCE
