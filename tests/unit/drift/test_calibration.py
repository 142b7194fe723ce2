"""A calibrated limit is exceeded as often as was asked for, on documents whose chunks cluster."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from clustered_vectors import clustered
from kbgate.drift import calibration as module
from kbgate.drift.calibration import CalibratedSize, DriftCalibration, PastIngest, calibrate_drift, exceeds
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.low_similarity import low_similarity_share
from kbgate.drift.null_batches import null_batches
from kbgate.errors import UsageError
from kbgate.sections.drift import DriftSettings

RATE, TRIALS = 0.05, 200
SETTINGS = DriftSettings(false_alarm_rate=RATE)
LIVE = clustered(80, 4, seed=1, dimension=8)


def calibrate(
    live: ChunkVectors = LIVE,
    settings: DriftSettings = SETTINGS,
    past: tuple[PastIngest, ...] = (),
    draws: int = 400,
) -> DriftCalibration:
    return calibrate_drift(live, settings, version="v1.0.0", fingerprint="f", settings_hash="h", past=past, draws=draws)


def test_further_batches_of_the_same_population_alarm_at_the_rate_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each trial has its own live, so the alarms are independent: a binomial count."""
    monkeypatch.setattr(module, "TOPIC_DRAWS", 1)
    of_twenty = SETTINGS.model_copy(update={"min_documents": 20})
    alarms = 0
    for trial in range(TRIALS):
        live = clustered(50, 5, seed=2 * trial, dimension=8)
        new = clustered(20, 5, seed=2 * trial + 1, dimension=8)
        found = low_similarity_share(new, live, quantile=SETTINGS.low_quantile, permutations=99, seed=1)
        size = calibrate(live, of_twenty, draws=198).size_for(20)
        assert found
        assert size
        alarms += found.share > size.limit + 1e-12
    low, high = binom(TRIALS, RATE).interval(0.999)
    assert low <= alarms <= high, f"{alarms} of {TRIALS}"


def test_the_held_out_rate_is_stated_with_wilsons_interval() -> None:
    for size in calibrate(draws=1000).sizes:
        low, high = proportion_confint(size.n_alarms, size.n_held_out, alpha=0.05, method="wilson")
        assert size.interval == pytest.approx((low, high))
        assert size.n_held_out == 500
        # A limit at the 25th of 501 places: the held-out count is beta-binomial, sd 7.
        assert size.n_alarms <= 25 + 3.3 * 7


def test_the_limit_is_the_order_statistic_of_the_first_half_and_the_other_half_has_no_part_in_it() -> None:
    size = calibrate(draws=400).sizes[-1]
    shares = null_batches(LIVE).shares(size.n_documents, 400, quantile=0.05, similarity=None, seed=SETTINGS.seed)
    # floor(0.05 * 201) = 10
    assert size.limit == np.sort(shares[:200])[-10]
    assert size.n_alarms == exceeds(shares[200:], size.limit).sum()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.02, 0.05, 0.2]))
def test_limits_never_rise_with_the_size_and_never_fall_with_the_rate(seed: int, rate: float) -> None:
    live = clustered(60, 2, seed=seed, dimension=8)
    strict = calibrate(live, DriftSettings(false_alarm_rate=rate / 2), draws=240)
    found = calibrate(live, DriftSettings(false_alarm_rate=rate), draws=240)
    limits = [size.limit for size in found.sizes]
    assert limits == sorted(limits, reverse=True)
    assert all(a.limit >= b.limit for a, b in zip(strict.sizes, found.sizes, strict=True))


def test_a_batch_between_two_sizes_is_held_to_the_more_patient_limit() -> None:
    found = calibrate()
    assert [size.n_documents for size in found.sizes] == [10, 14, 20, 28, 40]
    asked = {n: found.size_for(n) for n in (9, 10, 13, 20, 27, 1000)}
    assert asked[9] is None
    assert [size.n_documents for size in asked.values() if size] == [10, 10, 20, 20, 40]


def test_an_accepted_ingest_raises_the_limit_of_batches_up_to_its_own_size() -> None:
    plain = calibrate()
    past = (PastIngest(version="v1.0.1", n_documents=25, share=0.28),)
    raised = calibrate(past=past)
    assert [size.limit for size in raised.sizes] == [
        max(0.28, size.limit) if size.n_documents <= 20 else size.limit for size in plain.sizes
    ]
    assert [size.past_share for size in raised.sizes if size.n_documents in (20, 28)] == [0.28, None]
    assert raised.sizes[2].n_alarms <= plain.sizes[2].n_alarms


def test_a_past_ingest_raises_a_limit_no_further_than_the_built_in_one() -> None:
    past = (PastIngest(version="v1.0.1", n_documents=1000, share=0.9),)
    assert {size.limit for size in calibrate(past=past).sizes} == {SETTINGS.max_low_similarity_share}


def test_too_few_documents_to_draw_from_are_said() -> None:
    with pytest.raises(UsageError, match=r"v1\.0\.0 has 19 documents; .* 20 are wanted"):
        calibrate(clustered(19, 2, seed=1))
    with pytest.raises(UsageError, match="has 0 documents"):
        calibrate(LIVE.rows(np.arange(0)))
    assert [size.n_documents for size in calibrate(clustered(20, 2, seed=1)).sizes] == [10]


def test_too_few_draws_for_the_rate_are_said() -> None:
    with pytest.raises(UsageError, match="Wanted: at least 198"):
        calibrate(settings=DriftSettings(false_alarm_rate=0.01), draws=196)
    assert calibrate(settings=DriftSettings(false_alarm_rate=0.01), draws=198).sizes


def test_a_calibration_survives_its_file() -> None:
    found = calibrate(past=(PastIngest(version="v1.0.1", n_documents=25, share=0.28),))
    assert DriftCalibration.model_validate_json(found.model_dump_json()) == found
    with pytest.raises(ValidationError, match="sizes"):
        DriftCalibration.model_validate({**found.model_dump(), "sizes": ()})


def test_no_alarm_among_few_batches_is_not_no_alarm_ever() -> None:
    size = CalibratedSize(
        n_documents=10,
        limit=0.2,
        quantiles=(),
        past_share=None,
        n_held_out=100,
        n_alarms=0,
        n_topic_draws=1,
        topic_alarm_rate=0,
    )
    assert size.false_alarm_rate == 0
    # z² / (n + z²)
    assert size.interval[1] == pytest.approx(1.959964**2 / (100 + 1.959964**2), abs=1e-4)
