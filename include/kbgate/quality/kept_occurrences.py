"""Which of the rows with the same content stays."""

import numpy as np
from numpy.typing import NDArray


def kept_occurrences(digests: NDArray[np.uint64], is_live: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each row the one that stays of those with its digest: the first that is in live, else the first.

    `digests` has shape (n, 2), 128 bits a row; sorting them needs a tenth of the memory of a dict. Whoever uploads a copy of
    a page under a name that sorts before it must not push the page itself, to which questions and links point, out of the index.
    """
    if not len(digests):
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((~is_live, digests[:, 1], digests[:, 0]))
    ranked = digests[order]
    starts = np.concatenate([[True], np.any(ranked[1:] != ranked[:-1], axis=1)])
    # The sort is stable, so a group begins with its earliest row of live, or its earliest.
    kept = np.empty(len(digests), dtype=np.int64)
    kept[order] = order[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    return kept
