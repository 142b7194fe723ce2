"""A permutation test that keeps documents whole.

Chunks of one document resemble one another. A test that shuffles chunks takes 20 of them for 20 independent witnesses and
calls nearly every innocent batch a change; shuffling documents leaves that resemblance in both groups.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from kbgate.drift.chunk_vectors import DocumentSums

Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""From the chunk means of the new group and of the others, both (m, width), to one number each, (m,); large means unlike."""

BLOCK_MARKS = 4_000_000
"""Group marks (permutations x documents, float64) made at once: 32 MB, however many documents there are."""


@dataclass(frozen=True, slots=True, eq=False)
class PermutationTest:
    """`observed` statistic, those of random groups of as many documents (m,), and how many different groups there are."""

    observed: float
    permuted: NDArray[np.float64]
    n_groups: int

    def can_reach(self, alpha: float) -> bool:
        """Whether the most extreme group possible would be significant: 1 / n_groups <= alpha."""
        # Not n_groups * alpha: with thousands of documents n_groups is an integer that no float holds.
        return self.n_groups >= 1 / alpha

    @property
    def p_value(self) -> float:
        """(b + 1) / (m + 1), b of m permuted statistics being at least as large; never 0.

        Source: Phipson, Smyth, Permutation p-values should never be zero, Stat. Appl. Genet. Mol. Biol. 9, 2010.
        """
        # Equal sums added in another order differ in their last bits; a tie counts against significance.
        reached = self.permuted >= self.observed - 1e-9 * max(1.0, abs(self.observed))
        return (int(reached.sum()) + 1) / (len(self.permuted) + 1)

    def critical_value(self, alpha: float) -> float:
        """The largest observed value that is not significant: beyond it p_value <= alpha. Needs alpha * (m + 1) >= 1."""
        allowed = int(np.floor(alpha * (len(self.permuted) + 1) + 1e-9))
        return float(np.sort(self.permuted)[::-1][allowed - 1])


def permute_documents(
    new: DocumentSums, other: DocumentSums, statistic: Statistic, *, permutations: int, seed: int
) -> PermutationTest:
    """Test whether the documents of `new` could be any documents of the pool, by drawing as many at random.

    Both groups need at least one document. A document is drawn with all its chunks; the groups' chunk means come from
    the documents' sums, so one matrix product serves a block of permutations.
    """
    sums = np.vstack([new.sums, other.sums])
    counts = np.concatenate([new.counts, other.counts])
    n_new, n = len(new), len(new) + len(other)
    columns = np.column_stack([sums, counts])
    total = columns.sum(axis=0)

    def statistics(marks: NDArray[np.float64]) -> NDArray[np.float64]:
        inside = marks @ columns
        outside = total - inside
        return statistic(inside[:, :-1] / inside[:, -1:], outside[:, :-1] / outside[:, -1:])

    random = np.random.default_rng(seed)
    rows = max(1, BLOCK_MARKS // n)
    permuted = [
        statistics(_draw(random, min(rows, permutations - first), n_new, n)) for first in range(0, permutations, rows)
    ]
    observed = statistics((np.arange(n) < n_new).astype(np.float64)[None, :])
    return PermutationTest(float(observed[0]), np.concatenate(permuted), comb(n, n_new))


def new_group_mean(new: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Statistic: the mean of the first column in the new group, such as a share of chunks."""
    return new[:, 0]


def centroid_distance(new: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Statistic: Euclidean distance of the two groups' mean vectors, which has a meaning even where a mean is near zero."""
    return np.linalg.norm(new - other, axis=1)


def _draw(random: np.random.Generator, rows: int, n_new: int, n: int) -> NDArray[np.float64]:
    marks = np.zeros((rows, n))
    marks[:, :n_new] = 1
    return random.permuted(marks, axis=1, out=marks)
