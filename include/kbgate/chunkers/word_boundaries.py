"""Where a text may be cut without tearing a word or a character cluster apart."""

import unicodedata

_JOINERS = "\u200c\u200d"


def is_inside_word(text: str, position: int) -> bool:
    """Whether a cut before `text[position]` would tear a word, an accent from its letter or a joined emoji apart.

    Chinese and Japanese characters are words of their own, so a cut between two of them is never inside one.
    """
    if not 0 < position < len(text):
        return False
    before, after = text[position - 1], text[position]
    if _clings(after) or before in _JOINERS:
        return True
    return (_is_letter(before) or _clings(before)) and _is_letter(after)


def _clings(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character)[0] == "M"


def _is_letter(character: str) -> bool:
    ideographic = "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or character >= "\U00020000"
    return (character.isalnum() or character == "_") and not ideographic
