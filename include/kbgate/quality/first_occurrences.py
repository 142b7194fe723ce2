"""Which row showed the same content first."""

import numpy as np
from numpy.typing import NDArray


def first_occurrences(digests: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return for each row the first row with the same digest, which is itself where there is none before.

    `digests` has shape (n, 2), 128 bits a row; sorting them needs a tenth of the memory of a dict.
    """
    if not len(digests):
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    ranked = digests[order]
    starts = np.concatenate([[True], np.any(ranked[1:] != ranked[:-1], axis=1)])
    # The sort is stable, so a group begins with its earliest row.
    first = np.empty(len(digests), dtype=np.int64)
    first[order] = order[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    return first
