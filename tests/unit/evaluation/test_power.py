import numpy as np
import pytest

from kbgate.evaluation.power import minimum_detectable_drop, queries_wanted


def test_a_five_point_drop_needs_about_246_questions_when_a_tenth_of_the_hits_change():
    # The figure of the exact calculation in facts.md; the normal formula is 2.4865 * sd / sqrt(n).
    n = 246
    candidate, live = np.ones(n), np.ones(n)
    candidate[: round(0.075 * n)] = 0
    live[-round(0.025 * n) :] = 0
    drop = minimum_detectable_drop(candidate, live, np.arange(n))
    assert drop == pytest.approx(2.4865 * (candidate - live).std(ddof=1) / np.sqrt(n), rel=1e-4)
    assert drop == pytest.approx(0.05, abs=0.002)


def test_a_true_drop_of_that_size_is_seen_four_times_in_five():
    random = np.random.default_rng(4)
    n, changed = 250, 0.10
    differences = random.choice([-1.0, 0.0, 1.0], p=[changed / 2, 1 - changed, changed / 2], size=100_000)
    drop = minimum_detectable_drop(differences, np.zeros(100_000), np.arange(100_000)) * np.sqrt(100_000 / n)
    shift = random.choice([-1.0, 0.0, 1.0], p=[(changed + drop) / 2, 1 - changed, (changed - drop) / 2], size=(4000, n))
    seen = shift.mean(axis=1) / (shift.std(axis=1, ddof=1) / np.sqrt(n)) < -1.645
    assert 0.76 <= seen.mean() <= 0.84


def test_without_live_the_drop_is_that_of_two_independent_versions():
    values = (np.arange(200) % 5 > 0).astype(float)
    alone = minimum_detectable_drop(values, None, np.arange(200))
    assert alone == pytest.approx(2.4865 * np.sqrt(2) * values.std(ddof=1) / np.sqrt(200), rel=1e-4)


def test_a_sample_without_any_change_does_not_claim_to_see_every_drop():
    values = np.ones(100)
    assert minimum_detectable_drop(values, values, np.arange(100)) == pytest.approx(2.4865 / 100, rel=1e-4)
    assert minimum_detectable_drop(values, values, np.zeros(100)) is None


def test_at_holms_first_step_only_a_larger_drop_is_seen():
    values = (np.arange(40) % 4 > 0).astype(float)
    alone, one_of_ten = (
        minimum_detectable_drop(values, np.ones(40), np.arange(40), alpha=alpha) for alpha in (0.05, 0.005)
    )
    # (z_.995 + z_.8) / (z_.95 + z_.8)
    assert one_of_ten / alone == pytest.approx((2.5758 + 0.8416) / (1.6449 + 0.8416), rel=1e-4)


def test_halving_the_drop_takes_four_times_the_questions():
    assert queries_wanted(100, 0.10, 0.05) == 400
    assert queries_wanted(246, 0.05, 0.05) == 246
