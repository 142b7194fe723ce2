"""Find a passage in a text although some of its characters were edited; the search is fuzzysearch's."""

from dataclasses import dataclass

from fuzzysearch import find_near_matches


@dataclass(frozen=True, slots=True)
class Place:
    """Characters `start` to `end` (excluded) of a text, `edits` insertions, deletions and substitutions from the pattern."""

    start: int
    end: int
    edits: int


def best_places(pattern: str, text: str, max_edits: int) -> list[Place]:
    """Return the places that differ least from the pattern, at most by `max_edits`, that do not overlap; [] if there are none.

    More than one place means that the pattern fits equally well there.
    """
    best = _best(pattern, text, 0, max_edits)
    if best is None:
        return []
    # fuzzysearch reports overlapping places as one, so what lies before and after the best is looked at again.
    before = _best(pattern, text[: best.start], 0, best.edits)
    after = _best(pattern, text[best.end :], best.end, best.edits)
    return [place for place in (before, best, after) if place is not None]


def _best(pattern: str, text: str, offset: int, max_edits: int) -> Place | None:
    """The place with the fewest edits; of several the one whose length is nearest to the pattern's, then the first."""
    if not pattern or not text:
        return None
    found = find_near_matches(pattern, text, max_l_dist=min(max_edits, len(pattern) - 1))
    nearest = min(found, key=lambda m: (m.dist, abs(m.end - m.start - len(pattern)), m.start), default=None)
    return None if nearest is None else Place(nearest.start + offset, nearest.end + offset, nearest.dist)


def similarity_of(pattern: str, text: str, min_similarity: float) -> float:
    """Similarity, 1 - edits / len(pattern), of the pattern to its best place in the text; 0 if below `min_similarity`."""
    places = best_places(pattern, text, edits_allowed(pattern, min_similarity))
    return 1 - places[0].edits / len(pattern) if places else 0.0


def edits_allowed(pattern: str, min_similarity: float) -> int:
    """Largest number of edits with 1 - edits / len(pattern) >= min_similarity."""
    # 0.1 * 30 is 3.0000000000000004 and (1 - 0.9) * 30 is 2.9999999999999996; both mean 3.
    return int((1 - min_similarity) * len(pattern) + 1e-9)
