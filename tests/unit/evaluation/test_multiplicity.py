import gc
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from kbgate.evaluation.multiplicity import adjust_holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(p_values=P_VALUES)
def test_holm_equals_statsmodels(p_values):
    # It collects garbage on every call, which takes up to a second once Airflow is loaded.
    with patch.object(gc, "collect"):
        expected = multipletests(p_values, method="holm")[1].tolist()
    assert adjust_holm(p_values) == pytest.approx(expected, abs=1e-12)


@given(p_values=P_VALUES, order=st.randoms(use_true_random=False))
def test_the_order_of_the_tests_does_not_matter(p_values, order):
    places = list(range(len(p_values)))
    order.shuffle(places)
    shuffled = adjust_holm([p_values[place] for place in places])
    adjusted = adjust_holm(p_values)
    assert shuffled == [adjusted[place] for place in places]


def test_a_single_test_is_not_adjusted_and_none_is_none():
    assert adjust_holm([0.03]) == [0.03]
    assert adjust_holm([]) == []


def test_the_textbook_steps():
    assert adjust_holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
