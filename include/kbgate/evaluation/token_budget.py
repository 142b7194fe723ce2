"""Cut what was retrieved at a number of tokens instead of a number of chunks, so that long chunks do not win by size."""

import numpy as np
from numpy.typing import NDArray

from kbgate.records import Hits


def cut_at_budget(hits: Hits, n_tokens: NDArray[np.int64], budget_tokens: int) -> Hits:
    """Keep the best chunks of each query as long as their tokens together are at most `budget_tokens`.

    The first chunk that does not fit ends the list, even if a later and shorter one would: a bot reads from the top. What
    is cut becomes "" and NaN, and the arrays stay as wide as they are.

    Args:
        n_tokens: int64, the shape of `hits`: tokens of each chunk, 0 where there is none.
    """
    kept = (np.cumsum(n_tokens, axis=1) <= budget_tokens) & (hits.chunk_ids != "")
    return Hits(
        chunk_ids=np.where(kept, hits.chunk_ids, ""),
        doc_ids=np.where(kept, hits.doc_ids, ""),
        similarities=np.where(kept, hits.similarities, np.float32(np.nan)),
    )


def fills_budget(hits: Hits, n_tokens: NDArray[np.int64], budget_tokens: int) -> bool:
    """Whether every query found more tokens than the budget, or has no further chunk to find."""
    over = n_tokens.sum(axis=1) > budget_tokens
    exhausted = (hits.chunk_ids == "").any(axis=1)
    return bool(np.all(over | exhausted))
