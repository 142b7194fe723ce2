"""Shingles: the windows of 5 characters of a text, hashed; texts are as similar as they share them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kbgate.quality.character_counts import code_points

SHINGLE_CHARS = 5
_ODD = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD],
    dtype=np.uint64,
)


def shingle_hashes(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hash every 5-character window of each text; returns the hashes in one row and where each text's end in it."""
    points, ends = code_points(texts)
    if len(points) < SHINGLE_CHARS:
        return np.empty(0, dtype=np.uint64), np.zeros(len(texts), dtype=np.int64)
    n_windows = len(points) - SHINGLE_CHARS + 1
    hashes = np.zeros(n_windows, dtype=np.uint64)
    for place in range(SHINGLE_CHARS):
        hashes += points[place : place + n_windows] * _ODD[place]
    hashes ^= hashes >> np.uint64(32)
    hashes *= _ODD[0]
    hashes ^= hashes >> np.uint64(29)
    within = np.ones(n_windows, dtype=bool)
    crossing = (ends[:, None] - np.arange(1, SHINGLE_CHARS)).ravel()
    within[crossing[(crossing >= 0) & (crossing < n_windows)]] = False
    counts = np.maximum(np.diff(ends, prepend=0) - SHINGLE_CHARS + 1, 0)
    return hashes[within], np.cumsum(counts)


def shingle_set(text: str) -> NDArray[np.uint32]:
    """Return the different shingles of a text, sorted, as hashes of 32 bits."""
    return np.unique(shingle_hashes([text])[0].astype(np.uint32))


def jaccard(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> float:
    """|A and B| / |A or B| of two sorted sets, in [0, 1]; one of them must not be empty."""
    shared = len(np.intersect1d(left, right, assume_unique=True))
    return shared / (len(left) + len(right) - shared)
