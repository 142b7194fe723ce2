"""What the share of low similarities would be if the new documents were documents of live."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.drift.chunk_vectors import ChunkVectors, document_means

NEIGHBOUR_DOCUMENTS = 32
"""Documents remembered for each chunk. All of them are in one random half of live once in 2^32 draws."""
BLOCK_NUMBERS = 8_000_000
"""Cosines held at once: 32 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class NullBatches:
    """Draws whole documents out of live, as if they were new, and measures them against the rest.

    `similarities` float32 (n_chunks, k) to the k nearest other documents of each chunk, best first, and `neighbours` intp
    (n_chunks, k), which documents these are; `document_of` (n_chunks,); `means` float32 (n_documents, dimension).
    A draw then costs no matrix product: the best document that was not drawn is the first one left in the row.
    """

    similarities: NDArray[np.float32]
    neighbours: NDArray[np.intp]
    document_of: NDArray[np.intp]
    means: NDArray[np.float32]

    @property
    def n_documents(self) -> int:
        """Documents of live."""
        return len(self.means)

    def shares(
        self, n_drawn: int, draws: int, *, quantile: float, similarity: float | None, seed: int, one_topic: bool = False
    ) -> NDArray[np.float64]:
        """Share of low similarities of each of `draws` batches of `n_drawn` documents, as `low_similarity_share` counts it.

        At most half of live may be drawn. With `one_topic` a batch is a random document and those nearest to it, like the
        pages of a new section, instead of any documents.
        """
        return np.array(
            [
                self._share(drawn, quantile, similarity)
                for drawn in self._batches(n_drawn, draws, np.random.default_rng([seed, n_drawn]), one_topic)
            ]
        )

    def _batches(
        self, n_drawn: int, draws: int, random: np.random.Generator, one_topic: bool
    ) -> Iterator[NDArray[np.bool_]]:
        for _ in range(draws):
            drawn = np.zeros(self.n_documents, dtype=np.bool_)
            if one_topic:
                centre = self.means[random.integers(self.n_documents)]
                drawn[np.argsort(-(self.means @ centre), kind="stable")[:n_drawn]] = True
            else:
                drawn[random.choice(self.n_documents, size=n_drawn, replace=False)] = True
            yield drawn

    def _share(self, drawn: NDArray[np.bool_], quantile: float, similarity: float | None) -> float:
        left = ~drawn[self.neighbours]
        first = left.argmax(axis=1)
        rows = np.arange(len(first))
        # Where every remembered document was drawn, the rest is farther still: the last one is the closest bound.
        scores = self.similarities[rows, np.where(left[rows, first], first, -1)]
        inside = drawn[self.document_of]
        if similarity is None:
            similarity = float(np.quantile(scores[~inside], quantile))
        documents = self.document_of[inside]
        low = np.bincount(documents, weights=scores[inside] < similarity, minlength=self.n_documents)
        counts = np.bincount(documents, minlength=self.n_documents)
        return float((low[drawn] / counts[drawn]).mean())


def null_batches(live: ChunkVectors) -> NullBatches:
    """Compare every chunk of live with every other document of live once; needs two documents or more."""
    names, document_of = np.unique(live.doc_ids, return_inverse=True)
    order = np.argsort(document_of, kind="stable")
    vectors, starts = live.vectors[order], np.searchsorted(document_of[order], np.arange(len(names)))
    k = min(NEIGHBOUR_DOCUMENTS, len(names) - 1)
    similarities = np.empty((len(live), k), dtype=np.float32)
    neighbours = np.empty((len(live), k), dtype=np.intp)
    rows = max(1, BLOCK_NUMBERS // len(live))
    for top in range(0, len(live), rows):
        block = slice(top, top + rows)
        # The best chunk of each document, and never the chunk's own document.
        best = np.maximum.reduceat(live.vectors[block] @ vectors.T, starts, axis=1)
        best[np.arange(len(best)), document_of[block]] = -np.inf
        nearest = np.argpartition(-best, k - 1, axis=1)[:, :k]
        found = np.take_along_axis(best, nearest, axis=1)
        by_rank = np.argsort(-found, axis=1, kind="stable")
        similarities[block] = np.take_along_axis(found, by_rank, axis=1)
        neighbours[block] = np.take_along_axis(nearest, by_rank, axis=1)
    return NullBatches(similarities, neighbours, document_of, document_means(live).vectors)
