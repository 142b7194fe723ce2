import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kbgate.evaluation.intervals import (
    Interval,
    cluster_bootstrap,
    mean_interval,
    wilson_interval,
)


def test_wilson_equals_the_closed_form():
    # p = 9/10, z = 1.959964: (0.9 + z²/20 ± z sqrt(0.009 + z²/400)) / (1 + z²/10)
    interval = wilson_interval(9, 10)
    assert interval.low == pytest.approx(0.59585, abs=1e-5)
    assert interval.high == pytest.approx(0.98212, abs=1e-5)


@given(n=st.integers(1, 500), share=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_wilson_equals_scipy(n, share):
    successes = round(share * n)
    expected = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    interval = wilson_interval(successes, n)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_nothing_measured_has_no_interval():
    assert wilson_interval(0, 0) is None
    assert cluster_bootstrap([], [], resamples=1000, seed=1) is None
    assert mean_interval([], [], resamples=1000, seed=1) is None
    assert cluster_bootstrap([1.0, 0.0], ["a", "a"], resamples=1000, seed=1) is None


def test_with_one_query_a_cluster_it_equals_scipys_percentile_bootstrap():
    values = np.random.default_rng(3).random(80)
    ours = cluster_bootstrap(values, np.arange(80), resamples=40_000, seed=1)
    scipys = stats.bootstrap((values,), np.mean, n_resamples=40_000, method="percentile", rng=2).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((scipys.low, scipys.high), abs=0.002)


def test_paired_differences_equal_scipys_paired_bootstrap():
    random = np.random.default_rng(5)
    live = random.random(80)
    candidate = live + random.normal(-0.05, 0.1, 80)
    ours = cluster_bootstrap(candidate - live, np.arange(80), resamples=40_000, seed=1)
    scipys = stats.bootstrap(
        (candidate, live),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        n_resamples=40_000,
        method="percentile",
        paired=True,
        rng=2,
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((scipys.low, scipys.high), abs=0.002)


def test_queries_that_share_a_document_widen_the_interval():
    per_document = np.random.default_rng(7).random(40) < 0.8
    values = np.repeat(per_document, 5).astype(float)
    alone = cluster_bootstrap(values, np.arange(200), resamples=10_000, seed=1)
    clustered = cluster_bootstrap(values, np.repeat(np.arange(40), 5), resamples=10_000, seed=1)
    # Five copies of a value carry no more than one: the interval is sqrt(5) times as wide.
    assert (clustered.high - clustered.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(5), rel=0.1)


def test_the_cluster_interval_covers_the_truth_about_95_times_in_100():
    random = np.random.default_rng(11)
    covered = 0
    for trial in range(200):
        sizes = random.integers(1, 6, 60)
        of_cluster = np.repeat(random.random(60) < 0.8, sizes)
        values = np.where(random.random(of_cluster.size) < 0.9, of_cluster, ~of_cluster).astype(float)
        interval = cluster_bootstrap(values, np.repeat(np.arange(60), sizes), resamples=1000, seed=trial)
        covered += interval.low <= 0.8 * 0.9 + 0.2 * 0.1 <= interval.high
    assert 180 <= covered <= 198


def test_the_same_seed_gives_the_same_interval_and_another_one_does_not():
    values, clusters = np.random.default_rng(1).random(300), np.arange(300)
    first = cluster_bootstrap(values, clusters, resamples=10_000, seed=1)
    assert cluster_bootstrap(values, clusters, resamples=10_000, seed=1) == first
    assert cluster_bootstrap(values, clusters, resamples=10_000, seed=2) != first


def test_more_clusters_than_one_block_holds_are_drawn_in_blocks():
    values = np.random.default_rng(1).random(5000)
    interval = cluster_bootstrap(values, np.arange(5000), resamples=1000, seed=1)
    half_width = 1.96 * values.std() / np.sqrt(5000)
    assert interval.high - interval.low == pytest.approx(2 * half_width, rel=0.1)


@pytest.mark.parametrize(("value", "expected"), [(1.0, wilson_interval(3, 3)), (0.0, wilson_interval(0, 3))])
def test_a_perfect_sample_does_not_claim_certainty(value, expected):
    clusters = ["a", "a", "b", "c"]
    assert cluster_bootstrap([value] * 4, clusters, resamples=1000, seed=1) == Interval(value, value)
    assert mean_interval([value] * 4, clusters, resamples=1000, seed=1) == expected
