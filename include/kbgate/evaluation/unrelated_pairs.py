"""How similar a question is to text that has nothing to do with it: the zero of a model's scale of similarities."""

import numpy as np
from numpy.typing import NDArray


def unrelated_similarity(queries: NDArray[np.float32], passages: NDArray[np.float32]) -> float | None:
    """Median cosine of each query to each of some passages drawn at random, nearly all of which do not answer it.

    0.0 to 0.3 with MiniLM, the more the documents are about one thing, and 0.7 to 0.8 with e5. None without queries or
    passages, or if a vector is not finite.

    Args:
        queries: unit length, shape (n_queries, dimension).
        passages: unit length, shape (n_passages, dimension).
    """
    if not len(queries) or not len(passages):
        return None
    found = float(np.median(queries @ passages.T))
    return found if np.isfinite(found) else None
