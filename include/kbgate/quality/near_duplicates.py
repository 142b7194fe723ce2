"""Find documents that are nearly a copy of an earlier one: MinHash, banding, then the true Jaccard similarity.

Shingles are windows of 5 characters of the normalised text, hashed to 64 bits. rensa makes MinHash signatures of 128
permutations; they are cut into bands of `rows` values (8 at a threshold of 0.85: 16 bands), and two documents that agree
in a whole band are a candidate pair, which happens with probability 1 - (1 - s**rows)**bands at similarity s
(Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4): 0.994 at 0.85, 0.06 at 0.5. Candidates are verified by
the true Jaccard similarity of their shingles, so a reported pair is never an artefact of hashing.

Only the band keys stay in memory (128 bytes a document at 16 bands), which is why they are grouped here by sorting and
not in rensa's own index of Python-visible buckets. Verification reads the documents a second time and holds the shingles
of candidates only, each until its last pair is done.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from kbgate.quality.character_counts import code_points

SHINGLE_CHARS = 5
NUM_PERM = 128
SEED = 20260101
MIN_DETECTION = 0.99
_ODD = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD],
    dtype=np.uint64,
)


class NearDuplicates:
    """Collects band keys of a stream of texts, then names the candidates and verifies them in a second walk."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.rows, self.bands = band_layout(threshold)
        self._keys: list[NDArray[np.uint64]] = []
        self._ordinals: list[NDArray[np.int64]] = []

    def add(self, first_ordinal: int, texts: Sequence[str], wanted: NDArray[np.bool_]) -> None:
        """Take normalised texts whose ordinals count up from `first_ordinal`; only `wanted` ones are compared."""
        hashes, ends = shingle_hashes(texts)
        counts = np.diff(ends, prepend=0)
        rows = np.flatnonzero(wanted & (counts > 0))
        if not len(rows):
            return
        if len(rows) < len(texts):
            keep = np.repeat(wanted & (counts > 0), counts)
            hashes = hashes[keep]
        offsets = np.concatenate([[0], np.cumsum(counts[rows])]).tolist()
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, NUM_PERM, SEED)
        digests = np.array(matrix.to_rows(), dtype=np.uint64)
        self._keys.append(_band_keys(digests, self.rows, self.bands))
        self._ordinals.append(rows + first_ordinal)

    def candidates(self) -> NDArray[np.int64]:
        """Pairs of ordinals (earlier, later), shape (n_pairs, 2), sorted by the later one.

        In a bucket each document is paired with the first and with the one before it: every copy of a boilerplate page
        is found, without the quadratic number of pairs.
        """
        if not self._keys:
            return np.empty((0, 2), dtype=np.int64)
        keys, ordinals = np.concatenate(self._keys), np.concatenate(self._ordinals)
        pairs = []
        for band in range(self.bands):
            order = np.argsort(keys[:, band], kind="stable")
            ranked = keys[order, band]
            repeated = np.flatnonzero(ranked[1:] == ranked[:-1]) + 1
            first = np.searchsorted(ranked, ranked[repeated], side="left")
            pairs += [np.stack([order[earlier], order[repeated]], axis=1) for earlier in (repeated - 1, first)]
        found = ordinals[np.unique(np.concatenate(pairs), axis=0)]
        return found[np.lexsort((found[:, 0], found[:, 1]))]

    def verify(self, pairs: NDArray[np.int64], texts: Iterable[tuple[int, str]]) -> dict[int, tuple[int, float]]:
        """Return, for each later ordinal with a Jaccard similarity >= threshold, the most similar earlier one and it.

        `texts` yields (ordinal, normalised text) in rising order and must hold every ordinal of `pairs`.
        """
        uses = Counter(pairs.ravel().tolist())
        earlier_of = defaultdict(list)
        for earlier, later in pairs.tolist():
            earlier_of[later].append(earlier)
        held: dict[int, NDArray[np.uint32]] = {}
        best: dict[int, tuple[int, float]] = {}
        for ordinal, text in texts:
            if ordinal not in uses:
                continue
            held[ordinal] = _shingle_set(text)
            for earlier in earlier_of[ordinal]:
                similarity = _jaccard(held[earlier], held[ordinal])
                if similarity >= max(self.threshold, best.get(ordinal, (0, 0.0))[1]):
                    best[ordinal] = (earlier, similarity)
                for member in (earlier, ordinal):
                    uses[member] -= 1
            for member in (*earlier_of[ordinal], ordinal):
                if not uses[member]:
                    held.pop(member, None)
        return best


def band_layout(threshold: float) -> tuple[int, int]:
    """Rows and number of bands: as many rows as still find a pair at the threshold with probability 0.99."""
    for rows in range(NUM_PERM, 0, -1):
        bands = NUM_PERM // rows
        if 1 - (1 - threshold**rows) ** bands >= MIN_DETECTION:
            return rows, bands
    return 1, NUM_PERM


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


def _band_keys(digests: NDArray[np.uint64], rows: int, bands: int) -> NDArray[np.uint64]:
    weights = np.random.default_rng(SEED).integers(1, 2**63, size=rows, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = digests * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(31)
    return (mixed[:, : rows * bands].reshape(-1, bands, rows) * weights).sum(axis=2, dtype=np.uint64)


def _shingle_set(text: str) -> NDArray[np.uint32]:
    return np.unique(shingle_hashes([text])[0].astype(np.uint32))


def _jaccard(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> float:
    shared = len(np.intersect1d(left, right, assume_unique=True))
    return shared / (len(left) + len(right) - shared)
