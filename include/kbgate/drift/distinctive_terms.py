"""The words by which some texts differ from others."""

import re
from collections.abc import Sequence

import numpy as np

WORD = re.compile(r"[^\W\d_]{3,}")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
COMMON = 0.5
"""A term in more than this share of the other texts belongs to everybody."""


def distinctive_terms(texts: Sequence[str], others: Sequence[str], n_terms: int = 10) -> list[str]:
    """Terms that weigh more in `texts` than in `others`, heaviest first; empty if either side has no text.

    The weight is the mean TF-IDF over `texts` minus the mean over `others`, with logarithmic term frequency and document
    frequencies from both; a term must occur in two of the texts, if there are two. Terms are words of three letters or
    more, lower case, and pairs of neighbouring characters in Chinese, Japanese and Korean, which put no blanks between
    words.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not texts or not others:
        return []
    vectorizer = TfidfVectorizer(analyzer=_terms, sublinear_tf=True)
    try:
        weights = vectorizer.fit_transform([*texts, *others])
    except ValueError:
        # The texts hold no term at all.
        return []
    ours, theirs = weights[: len(texts)], weights[len(texts) :]
    excess = np.asarray(ours.mean(axis=0) - theirs.mean(axis=0)).ravel()
    occurs, common = (np.asarray((side > 0).mean(axis=0)).ravel() for side in (ours, theirs))
    eligible = (excess > 0) & (occurs * len(texts) >= min(2, len(texts))) & (common <= COMMON)
    order = [row for row in np.argsort(-excess, kind="stable") if eligible[row]]
    return [str(term) for term in vectorizer.get_feature_names_out()[order[:n_terms]]]


def _terms(text: str) -> list[str]:
    words = [word.lower() for word in WORD.findall(CJK.sub(" ", text))]
    pairs = [run[place : place + 2] for run in CJK.findall(text) for place in range(len(run) - 1)]
    return words + pairs
