"""Find text that was decoded with the wrong character set."""

import re

from ftfy.badness import badness

CHARACTERS_PER_BAD_SEQUENCE = 1000
CONTEXT_CHARS = 4
# Every pattern of the detector holds a character beyond ASCII; a few neighbours are all the context it reads. Runs that
# are closer than twice that context are one, so that no neighbour is looked at twice.
_NON_ASCII = re.compile(r"[^\x00-\x7f]+(?:[\x00-\x7f]{1,8}[^\x00-\x7f]+)*")


def count_mojibake(text: str) -> int:
    """Number of unlikely character sequences that ftfy's detector finds (`ftfy.badness`)."""
    if text.isascii():
        return 0
    spans = (match.span() for match in _NON_ASCII.finditer(text))
    return badness("\n".join(text[max(start - CONTEXT_CHARS, 0) : end + CONTEXT_CHARS] for start, end in spans))


def is_mojibake(text: str, n_bad: int) -> bool:
    """More than one bad sequence in 1,000 characters.

    The detector alone calls a long page bad that quotes one "Ã©" to explain what broken text looks like; in a page that
    really was decoded wrongly every accent and curly quote is hit.
    """
    return n_bad > len(text) / CHARACTERS_PER_BAD_SEQUENCE
