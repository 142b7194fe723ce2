"""The form in which questions are compared: what a person would call the same words."""

import unicodedata


def comparable(text: str) -> str:
    """NFKC, case-folded, letters and digits only, every run of anything else one blank."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Marks belong to the letter before them: Devanagari and Thai vowels are no separators.
    kept = (c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in folded)
    return " ".join("".join(kept).split())
