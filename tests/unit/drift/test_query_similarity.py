"""The paired difference of the queries' best similarities, with its interval."""

import numpy as np
import pytest
from scipy import stats

from kbgate.drift.query_similarity import QuerySimilarity

RANDOM = np.random.default_rng(1)
LIVE = RANDOM.uniform(0.3, 0.8, size=40).astype(np.float32)


def test_drop_and_interval_are_those_of_a_paired_t_test() -> None:
    candidate = (LIVE - RANDOM.normal(0.03, 0.02, size=40)).astype(np.float32)
    found = QuerySimilarity(candidate, LIVE)
    expected = stats.ttest_rel(LIVE.astype(float), candidate.astype(float)).confidence_interval(0.95)
    assert found.drop == pytest.approx(float(np.mean(LIVE.astype(float) - candidate)))
    assert found.interval == pytest.approx((expected.low, expected.high))


def test_a_candidate_that_comes_nearer_has_a_negative_drop() -> None:
    found = QuerySimilarity(LIVE + np.float32(0.1), LIVE)
    assert found.drop == pytest.approx(-0.1, abs=1e-6)
    assert found.farthest(5) == []


def test_a_version_that_finds_nothing_is_as_far_as_can_be() -> None:
    candidate = LIVE.copy()
    candidate[7] = np.nan
    found = QuerySimilarity(candidate, LIVE)
    assert found.drop == pytest.approx((LIVE[7] + 1) / 40, abs=1e-6)
    assert found.farthest(5) == [7]


def test_quantiles_stand_for_both_sides() -> None:
    found = QuerySimilarity(LIVE, LIVE).quantiles
    assert found["candidate"] == found["live"] == [round(float(q), 4) for q in np.quantile(LIVE, [0.05, 0.5, 0.95])]


def test_one_query_has_no_interval() -> None:
    assert QuerySimilarity(LIVE[:1], LIVE[:1]).interval is None
