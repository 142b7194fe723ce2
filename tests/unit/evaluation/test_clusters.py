import numpy as np
import pytest

from kbgate.evaluation.clusters import clustered_standard_error, sums_and_counts


def test_the_standard_error_of_single_queries_is_sd_over_root_n_and_copies_add_nothing():
    values = np.random.default_rng(2).random(50)
    expected = values.std(ddof=1) / np.sqrt(50)
    assert clustered_standard_error(values, np.arange(50)) == pytest.approx(expected)
    assert clustered_standard_error(np.repeat(values, 4), np.repeat(np.arange(50), 4)) == pytest.approx(expected)
    assert clustered_standard_error([1.0], ["a"]) is None


def test_a_value_that_was_not_measured_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        sums_and_counts([1.0, np.nan], ["a", "b"])
