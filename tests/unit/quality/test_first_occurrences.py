import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality.first_occurrences import first_occurrences

# Digests that share one half must not be taken for equal.
DIGESTS = st.lists(st.tuples(st.integers(0, 2), st.integers(2**64 - 3, 2**64 - 1)), max_size=30)


@given(DIGESTS)
def test_every_row_names_the_first_row_with_its_digest(digests: list[tuple[int, int]]) -> None:
    first: dict[tuple[int, int], int] = {}
    wanted = [first.setdefault(digest, row) for row, digest in enumerate(digests)]
    assert first_occurrences(np.array(digests, dtype=np.uint64).reshape(-1, 2)).tolist() == wanted
