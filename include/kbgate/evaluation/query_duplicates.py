"""Questions that are there twice: each would count twice, and the golden set would be smaller than it looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kbgate.evaluation.query_text import comparable

SHINGLE_CHARS = 3


@dataclass(frozen=True, slots=True)
class QueryPair:
    """Positions of two questions, the earlier first; `similarity` in (0, 1], 1.0 only if they are the same words."""

    earlier: int
    later: int
    similarity: float


def find_query_duplicates(texts: Sequence[str], threshold: float) -> list[QueryPair]:
    """For each question the most similar earlier one, if that is the same in words or at least `threshold` like it.

    Similarity is the Jaccard index |A and B| / |A or B| of the two sets of three-character windows of the comparable
    texts (letters and digits, case-folded); windows, not words, because Chinese has no blanks. Similar pairs that are not
    the same words have less than 1.0.
    """
    forms = [comparable(text) for text in texts]
    best: dict[int, QueryPair] = {}
    first: dict[str, int] = {}
    for place, form in enumerate(forms):
        if form and first.setdefault(form, place) != place:
            best[place] = QueryPair(first[form], place, 1.0)
    for earlier, later, similarity in _similar(forms, threshold):
        if later not in best or best[later].similarity < similarity < 1:
            best[later] = QueryPair(earlier, later, similarity)
    return [best[later] for later in sorted(best)]


def nearest_query(text: str, texts: Sequence[str]) -> QueryPair | None:
    """The question of `texts` most like `text` by the same similarity; `later` is len(texts). None if nothing is shared."""
    form, forms = comparable(text), [comparable(other) for other in texts]
    if form and form in forms:
        return QueryPair(forms.index(form), len(texts), 1.0)
    pairs = [QueryPair(*pair) for pair in _similar([*forms, form], 0.0) if pair[1] == len(texts)]
    return max(pairs, key=lambda pair: pair.similarity, default=None)


def _similar(forms: Sequence[str], threshold: float) -> list[tuple[int, int, float]]:
    """All pairs (earlier, later, similarity) of different texts that share a window and reach the threshold."""
    from sklearn.feature_extraction.text import CountVectorizer

    if not any(forms):
        return []
    windows = CountVectorizer(
        analyzer="char", ngram_range=(SHINGLE_CHARS, SHINGLE_CHARS), binary=True, lowercase=False, dtype=np.int32
    )
    # A blank on each side, so that a text of one character has a window.
    matrix: Any = windows.fit_transform([f" {form} " for form in forms])
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    shared = (matrix @ matrix.T).tocoo()
    earlier, later = shared.row, shared.col
    similarity = shared.data / (sizes[earlier] + sizes[later] - shared.data)
    chosen = np.flatnonzero((earlier < later) & (similarity >= threshold))
    # Two texts can have the same windows in another order; only the same words are 1.0.
    return [
        (int(earlier[i]), int(later[i]), min(float(similarity[i]), 1 - 1e-6))
        for i in chosen
        if forms[earlier[i]] != forms[later[i]]
    ]
