"""Find documents that are nearly a copy of an earlier one: MinHash, banding, then the true Jaccard similarity.

Shingles are windows of 5 characters of the normalised text, hashed to 64 bits. rensa makes MinHash signatures of 128
permutations; they are cut into bands of `rows` values (8 at a threshold of 0.85: 16 bands), and two documents that agree
in a whole band are a candidate pair, which happens with probability 1 - (1 - s**rows)**bands at similarity s
(Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4): 0.994 at 0.85, 0.06 at 0.5. Candidates are verified by
the true Jaccard similarity of their shingles, so a reported pair is never an artefact of hashing.

Memory grows by 8 bytes a document and about 30 a candidate pair, where rensa's own index would hold Python objects: the
keys of all bands lie on disk, and one band at a time is grouped by sorting. Verification reads the documents a second
time; the shingles of candidates wait on disk for the later document of their pair.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from kbgate.quality.shingles import jaccard, shingle_hashes, shingle_set
from kbgate.quality.spilled_arrays import SpilledArrays

NUM_PERM = 128
SEED = 20260101
MIN_DETECTION = 0.99
_ORDINAL_BITS = 32


class NearDuplicates:
    """Collects band keys of a stream of texts, then names the candidates and verifies them in a second walk."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.rows, self.bands = band_layout(threshold)
        self._keys = SpilledArrays(np.uint64)
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
        keys = _band_keys(np.array(matrix.to_rows(), dtype=np.uint64), self.rows, self.bands)
        for band in range(self.bands):
            self._keys.append(keys[:, band])
        self._ordinals.append(rows + first_ordinal)

    def candidates(self, among: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Pairs of ordinals (earlier, later), shape (n_pairs, 2), sorted by the later one.

        In a bucket each document is paired with the first and with the one before it: every copy of a boilerplate page
        is found, without the quadratic number of pairs. `among` tells by ordinal which documents are compared; default:
        all that were added.
        """
        if not self._ordinals:
            return np.empty((0, 2), dtype=np.int64)
        ordinals = np.concatenate(self._ordinals)
        chosen = np.ones(len(ordinals), dtype=bool) if among is None else among[ordinals]
        ordinals = ordinals[chosen]
        found = np.empty(0, dtype=np.int64)
        for band in range(self.bands):
            keys = np.concatenate([self._keys[place] for place in range(band, len(self._keys), self.bands)])[chosen]
            order = np.argsort(keys, kind="stable")
            ranked = keys[order]
            repeated = np.flatnonzero(ranked[1:] == ranked[:-1]) + 1
            first = np.searchsorted(ranked, ranked[repeated], side="left")
            later = ordinals[order[repeated]] << _ORDINAL_BITS
            pairs = [later + ordinals[order[earlier]] for earlier in (repeated - 1, first)]
            found = np.unique(np.concatenate([found, *pairs]))
        return np.stack([found & (2**_ORDINAL_BITS - 1), found >> _ORDINAL_BITS], axis=1)

    def verify(self, pairs: NDArray[np.int64], texts: Iterable[tuple[int, str]]) -> dict[int, tuple[int, float]]:
        """Return, for each later ordinal with a Jaccard similarity >= threshold, the most similar earlier one and it.

        `pairs` are those of `candidates`. `texts` yields (ordinal, normalised text) in rising order and must hold every
        ordinal of `pairs`.
        """
        first_members = np.unique(pairs[:, 0])
        later_members = np.ascontiguousarray(pairs[:, 1])
        waiting = SpilledArrays(np.uint32)
        best: dict[int, tuple[int, float]] = {}
        for ordinal, text in texts:
            start, end = np.searchsorted(later_members, [ordinal, ordinal + 1])
            is_first = len(waiting) < len(first_members) and first_members[len(waiting)] == ordinal
            if start == end and not is_first:
                continue
            shingles = shingle_set(text)
            if is_first:
                waiting.append(shingles)
            places = np.searchsorted(first_members, pairs[start:end, 0])
            for earlier, place in zip(pairs[start:end, 0].tolist(), places.tolist(), strict=True):
                similarity = jaccard(waiting[place], shingles)
                if similarity >= max(self.threshold, best.get(ordinal, (0, 0.0))[1]):
                    best[ordinal] = (earlier, similarity)
        return best


def band_layout(threshold: float) -> tuple[int, int]:
    """Rows and number of bands: as many rows as still find a pair at the threshold with probability 0.99."""
    for rows in range(NUM_PERM, 0, -1):
        bands = NUM_PERM // rows
        if 1 - (1 - threshold**rows) ** bands >= MIN_DETECTION:
            return rows, bands
    return 1, NUM_PERM


def _band_keys(digests: NDArray[np.uint64], rows: int, bands: int) -> NDArray[np.uint64]:
    weights = np.random.default_rng(SEED).integers(1, 2**63, size=rows, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = digests * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(31)
    return (mixed[:, : rows * bands].reshape(-1, bands, rows) * weights).sum(axis=2, dtype=np.uint64)
