import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom, binomtest, norm

from kbgate.gates.tolerance_bounds import (
    CONFIDENCE,
    alarm_rate,
    count_bound,
    normal_bound,
    runs_beyond,
    tolerance_factor,
)


@pytest.mark.parametrize(
    ("n", "content", "k"),
    # Published tables of one-sided normal tolerance factors at 95 % confidence.
    [(10, 0.90, 2.355), (10, 0.95, 2.911), (10, 0.99, 3.981), (30, 0.95, 2.220), (30, 0.99, 3.064), (100, 0.99, 2.684)],
)
def test_the_tolerance_factor_is_the_one_of_the_tables(n: int, content: float, k: float) -> None:
    assert tolerance_factor(n, 1 - content) == pytest.approx(k, abs=0.001)


def test_the_normal_bound_is_mean_plus_k_standard_deviations() -> None:
    values = [1.0, 2.0, 3.0, 6.0]
    expected = 3 + tolerance_factor(4, 0.05) * float(np.std(values, ddof=1))
    assert normal_bound(values, 0.05) == pytest.approx(expected)
    assert normal_bound([0.2, 0.2, 0.2], 0.01) == pytest.approx(0.2)


def test_the_normal_bound_holds_its_confidence_on_normal_values() -> None:
    rng = np.random.default_rng(5)
    rates = [norm.sf(normal_bound(rng.normal(size=20).tolist(), 0.05)) for _ in range(2000)]
    assert np.mean(np.array(rates) <= 0.05) == pytest.approx(CONFIDENCE, abs=0.015)


@pytest.mark.parametrize(
    ("n", "rate", "j"),
    [(58, 0.05, None), (59, 0.05, 0), (92, 0.05, 0), (93, 0.05, 1), (298, 0.01, None), (299, 0.01, 0)],
)
def test_wilks_sample_sizes(n: int, rate: float, j: int | None) -> None:
    assert runs_beyond(n, rate) == j


@given(st.integers(1, 120), st.floats(0.001, 0.6))
def test_order_statistics_keep_their_confidence_by_the_binomial_distribution(n: int, rate: float) -> None:
    j = runs_beyond(n, rate)
    # P(the (j + 1)-th largest leaves at most `rate` above it) = P(more than j of n values are among the top `rate`).
    if j is None:
        assert binom.sf(0, n, rate) < CONFIDENCE + 1e-9
    else:
        assert binom.sf(j, n, rate) >= CONFIDENCE - 1e-9
        assert j + 1 == n or binom.sf(j + 1, n, rate) < CONFIDENCE + 1e-9


def test_counts_that_are_all_zero_give_the_rule_of_three_and_never_less_than_one_row() -> None:
    share = 1 - 0.05 ** (1 / 30_000)
    assert count_bound([0] * 30, [1000] * 30, 0.001) == binom.ppf(0.999, 1000, share) / 1000
    assert count_bound([0] * 30, [10_000] * 29 + [20], 0.4) == 1 / 20
    assert count_bound([5, 5], [5, 5], 0.01) == 1.0


def test_the_pooled_share_is_the_clopper_pearson_bound_of_scipy() -> None:
    upper = binomtest(7, 3000, alternative="less").proportion_ci(CONFIDENCE, method="exact").high
    assert count_bound([3, 4, 0], [1000] * 3, 0.01) == binom.ppf(0.99, 1000, upper) / 1000


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(50, 500)), min_size=1, max_size=20), st.floats(1e-4, 0.5))
def test_a_count_bound_is_a_share_of_at_least_one_row(batches: list[tuple[int, int]], rate: float) -> None:
    bound = count_bound([count for count, _ in batches], [n for _, n in batches], rate)
    assert 1 / min(n for _, n in batches) <= bound <= 1


def test_alarm_rate_is_the_beta_distribution_of_the_order_statistic() -> None:
    rate = alarm_rate(0, 29)
    assert rate.expected == pytest.approx(1 / 30)
    assert (rate.low, rate.high) == (0, pytest.approx(1 - 0.05 ** (1 / 29)))
    assert alarm_rate(3, 90).expected == pytest.approx(beta.mean(4, 87))
    assert alarm_rate(5, 5).expected == 1.0
    assert rate.times(30).expected == pytest.approx(1.0)


@pytest.mark.parametrize("draw", ["exponential", "lognormal", "rounded"])
@pytest.mark.parametrize("beyond", [0, 2])
def test_the_stated_rate_holds_whatever_the_distribution(draw: str, beyond: int) -> None:
    rng, n, truths = np.random.default_rng(11), 25, []
    for _ in range(1500):
        values = rng.lognormal(sigma=1.5, size=n) if draw == "lognormal" else rng.exponential(size=n)
        values = np.round(values) if draw == "rounded" else values
        limit = float(np.sort(values)[-1 - beyond])
        if draw == "lognormal":
            truths.append(norm.sf(math.log(limit) / 1.5))
        else:
            # A rounded value exceeds the limit if the exponential behind it is above limit + 0.5.
            truths.append(math.exp(-limit - (0.5 if draw == "rounded" else 0)))
    stated = alarm_rate(beyond, n)
    error = 3 * np.std(truths) / math.sqrt(len(truths))
    assert np.mean(truths) <= stated.expected + error
    assert np.mean(np.array(truths) <= stated.high) >= CONFIDENCE - 0.02
    if draw != "rounded":
        assert np.mean(truths) == pytest.approx(stated.expected, abs=error)
