"""How far the centre of one set of chunks lies from another's."""

import numpy as np

from kbgate.drift.chunk_vectors import ChunkVectors, require_same_dimension


def centroid_similarity(first: ChunkVectors, second: ChunkVectors) -> float | None:
    """Cosine of the mean vectors of two sets of chunks, in [-1, 1]; None if one set is empty or its mean is zero.

    It moves with every innocent change of the mix of topics and hardly when 15 % of the text is broken, so it is a number
    to look at, never one to block on.

    Raises:
        UsageError: the vectors come from two models.
    """
    require_same_dimension(first, second)
    if not len(first) or not len(second):
        return None
    one, other = first.vectors.mean(axis=0, dtype=np.float64), second.vectors.mean(axis=0, dtype=np.float64)
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.clip(one @ other / norms, -1, 1)) if norms > 0 else None
