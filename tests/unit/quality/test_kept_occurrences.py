import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality.kept_occurrences import kept_occurrences

# Digests that share one half must not be taken for equal.
DIGEST = st.tuples(st.integers(0, 2), st.integers(2**64 - 3, 2**64 - 1))
ROWS = st.lists(st.tuples(DIGEST, st.booleans()), max_size=30)


@given(ROWS)
def test_every_row_names_the_first_of_live_with_its_digest_or_else_the_first(
    rows: list[tuple[tuple[int, int], bool]],
) -> None:
    wanted = []
    for digest, _ in rows:
        same = [(not is_live, row) for row, (other, is_live) in enumerate(rows) if other == digest]
        wanted.append(min(same)[1])
    digests = np.array([digest for digest, _ in rows], dtype=np.uint64).reshape(-1, 2)
    is_live = np.array([is_live for _, is_live in rows], dtype=bool)
    assert kept_occurrences(digests, is_live).tolist() == wanted
