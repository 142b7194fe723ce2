"""Find the evidence of a judgement again in a document that was edited since: by its words, never by its old place alone."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kbgate.evaluation.approximate_search import Place, best_places, edits_allowed


class SpanState(StrEnum):
    """What became of a quote: in its place, elsewhere, with other words, gone, or in several places that fit equally well."""

    UNCHANGED = "unchanged"
    MOVED = "moved"
    EDITED = "edited"
    LOST = "lost"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class ResolvedSpan:
    """Where a quote stands now: `start` and `end` in characters of the text, None when it is lost or ambiguous.

    `similarity` is 1 - edits / len(quote) in [0, 1]; 0 when it is lost, since below the bound nothing is measured.
    """

    state: SpanState
    start: int | None = None
    end: int | None = None
    similarity: float = 0.0

    @property
    def stands(self) -> bool:
        """Whether the document still holds the evidence."""
        return self.start is not None


def one_line(text: str) -> str:
    """Make every run of white space one blank: how a quote is stored, and how it is compared."""
    return " ".join(text.split())


def resolve_span(text: str, quote: str, start: int | None, *, min_similarity: float) -> ResolvedSpan:
    """Look for a quote: at `start`, then word for word elsewhere, then with at most 1 - `min_similarity` of it edited.

    White space counts as one blank throughout. The numbers of an edited quote must have stayed. Two places that fit equally
    well are AMBIGUOUS, unless one is the old place.
    """
    document, quote = _OneLine.of(text), one_line(quote)
    if not quote:
        return ResolvedSpan(SpanState.LOST)
    exact = [document.span(place, place + len(quote)) for place in _occurrences(document.text, quote)]
    for span in exact:
        if span[0] == start or (start is None and len(exact) == 1):
            return ResolvedSpan(SpanState.UNCHANGED, *span, similarity=1.0)
    if exact:
        return _one_of(SpanState.MOVED, exact, 1.0)
    allowed = edits_allowed(quote, min_similarity)
    places = [_whole_words(document.text, place) for place in best_places(quote, document.text, allowed)]
    fewest = min((place.edits for place in places), default=allowed + 1)
    if fewest > allowed:
        return ResolvedSpan(SpanState.LOST)
    # A price or a limit that changed by one digit is another answer, however alike the words are.
    places = [p for p in places if p.edits == fewest and _numbers(document.text[p.start : p.end]) == _numbers(quote)]
    if not places:
        return ResolvedSpan(SpanState.LOST)
    spans = [document.span(place.start, place.end) for place in places]
    return _one_of(SpanState.EDITED, spans, 1 - fewest / len(quote))


def _one_of(state: SpanState, spans: list[tuple[int, int]], similarity: float) -> ResolvedSpan:
    if len(spans) > 1:
        return ResolvedSpan(SpanState.AMBIGUOUS, similarity=similarity)
    return ResolvedSpan(state, *spans[0], similarity=similarity)


def _occurrences(text: str, quote: str) -> Iterator[int]:
    """Yield where the quote stands as words of its own: "10 days" is not in "110 days"."""
    place = text.find(quote)
    while place >= 0:
        end = place + len(quote)
        if not (_cuts_word(text[place - 1 : place], quote[0]) or _cuts_word(quote[-1], text[end : end + 1])):
            yield place
        place = text.find(quote, place + 1)


def _whole_words(text: str, place: Place) -> Place:
    """Widen a place to the words that it cuts; each character more is an edit more."""
    start, end = place.start, place.end
    while _cuts_word(text[start - 1 : start], text[start : start + 1]):
        start -= 1
    while _cuts_word(text[end - 1 : end], text[end : end + 1]):
        end += 1
    return Place(start, end, place.edits + place.start - start + end - place.end)


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def _cuts_word(left: str, right: str) -> bool:
    """Whether no word ends between two characters; scripts without letter case are written without blanks."""
    return all(c.isdecimal() or c.lower() != c.upper() for c in (left, right)) if left and right else False


@dataclass(frozen=True, slots=True)
class _OneLine:
    """A text on one line, and where each word of it begins here and in the original."""

    text: str
    here: tuple[int, ...]
    original: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> "_OneLine":
        words, here, original, length = [], [], [], 0
        for word in re.finditer(r"\S+", text):
            words.append(word.group())
            here.append(length)
            original.append(word.start())
            length += len(word.group()) + 1
        return cls(" ".join(words), tuple(here), tuple(original))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of characters `start` to `end`; an empty one has no characters to place."""
        return self._offset(start), self._offset(end - 1) + 1

    def _offset(self, place: int) -> int:
        word = bisect_right(self.here, place) - 1
        return self.original[word] + place - self.here[word]
