import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kbgate.drift.similarity_histogram import similarity_histogram

cosines = arrays(np.float32, st.integers(0, 40), elements=st.floats(-1, 1, width=32) | st.just(np.nan))


@given(cosines, cosines)
def test_every_chunk_is_in_one_bin_or_unmeasured(new, reference):
    found = similarity_histogram(new, reference, 0.3)
    assert sum(found.counts) + found.n_unmeasured == len(new)
    assert sum(found.reference_counts) == np.isfinite(reference).sum()
    assert len(found.counts) == len(found.reference_counts) == len(found.edges) - 1
    assert list(found.edges) == sorted(set(found.edges))


@given(cosines)
def test_the_order_of_the_chunks_does_not_matter(new):
    assert similarity_histogram(new) == similarity_histogram(new[::-1])


def test_bins_begin_at_zero_in_steps_of_a_twentieth_with_the_lower_edge_inside():
    found = similarity_histogram([0.0, 0.049, 0.05, 0.97, 1.0])
    assert (found.edges[:3], len(found.edges)) == ((0.0, 0.05, 0.1), 21)
    assert (found.counts[0], found.counts[1], found.counts[-1]) == (2, 1, 2)
    assert (found.reference_counts, found.threshold) == (None, None)


def test_negative_cosines_widen_the_bins_of_both_sides():
    found = similarity_histogram([0.5], [-0.12])
    assert found.edges[0] == -0.15
    assert (found.counts[0], found.reference_counts[0]) == (0, 1)


def test_a_cosine_a_hair_above_one_is_not_lost():
    assert similarity_histogram([1.0000001]).counts[-1] == 1
