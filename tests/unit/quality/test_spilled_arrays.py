import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality import spilled_arrays
from kbgate.quality.spilled_arrays import SpilledArrays

ARRAYS = st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=9), max_size=9)


@pytest.mark.parametrize("memory_bytes", [10, 16 * 2**20], ids=["on disk", "in memory"])
@given(ARRAYS)
def test_every_array_comes_back_as_it_was_in_any_order(memory_bytes: int, arrays: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spilled_arrays, "MEMORY_BYTES", memory_bytes)
        kept = SpilledArrays(np.uint64)
    for place, values in enumerate(arrays):
        kept.append(np.array(values, dtype=np.uint64))
        assert kept[place].tolist() == values
    assert len(kept) == len(arrays)
    for place in reversed(range(len(arrays))):
        assert kept[place].tolist() == arrays[place]


def test_a_place_that_does_not_exist_is_an_error() -> None:
    kept = SpilledArrays(np.uint32)
    kept.append(np.array([1, 2], dtype=np.uint32))
    for place in (1, -1):
        with pytest.raises(IndexError):
            kept[place]
