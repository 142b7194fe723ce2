import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality.shares import limit_percent, percent, ratio_with_interval, wilson_interval


def test_wilson_interval_of_a_published_example():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share(pair):
    count, n = pair
    low, high = wilson_interval(count, n)
    assert -1e-12 <= low <= count / n + 1e-12
    assert count / n - 1e-12 <= high <= 1 + 1e-12


def test_the_ratio_interval_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        tokens = rng.integers(50, 500, 150)
        share = rng.beta(2, 18, 150)
        _, low, high = ratio_with_interval(tokens * share, tokens)
        hits += low <= 0.1 <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_shares_are_written_for_people():
    assert [percent(0.15), percent(0.0), percent(0.0004), limit_percent(0.02)] == ["15.0 %", "0.0 %", "0.04 %", "2 %"]
    assert [limit_percent(limit) for limit in (0.125, 1 / 39, 1.0)] == ["12.5 %", "2.56 %", "100 %"]
