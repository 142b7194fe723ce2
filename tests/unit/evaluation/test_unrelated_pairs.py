import numpy as np
import pytest

from kbgate.evaluation.unrelated_pairs import unrelated_similarity

EYE = np.eye(4, dtype=np.float32)


def test_the_median_over_all_pairs_is_what_nothing_in_common_is_worth():
    assert unrelated_similarity(EYE, EYE) == 0
    shifted = (EYE + 1) / np.linalg.norm(EYE + 1, axis=1, keepdims=True)
    assert unrelated_similarity(shifted, shifted) == pytest.approx(6 / 7)


def test_without_pairs_or_with_a_vector_that_is_no_number_nothing_is_known():
    assert unrelated_similarity(EYE, EYE[:0]) is None
    assert unrelated_similarity(EYE * np.nan, EYE) is None
