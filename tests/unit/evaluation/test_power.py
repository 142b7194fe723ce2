import numpy as np
import pytest

from kbgate.evaluation.power import drop_failed_as_inferior, drop_held_by_non_inferiority, queries_wanted

MARGIN = 0.05


def held(n, clusters=None, wins=0, losses=0):
    differences = np.zeros(n)
    differences[:wins], differences[n - losses :] = 1, -1
    return drop_held_by_non_inferiority(differences, np.arange(n) if clusters is None else clusters, MARGIN)


def failed(clusters, alpha=0.05, resamples=10_000):
    return drop_failed_as_inferior(np.zeros(len(clusters)), clusters, MARGIN, alpha=alpha, resamples=resamples)


def test_a_drop_is_held_before_it_reaches_the_margin_and_nearer_to_it_the_more_queries_there_are():
    drops = [held(n) for n in (100, 268, 1000, 100_000)]
    assert drops == sorted(drops)
    assert drops[1] == pytest.approx(0.0425, abs=0.001)
    assert MARGIN - 0.002 < drops[-1] < MARGIN


def test_the_more_answers_change_the_more_is_held_until_even_no_drop_passes():
    drops = [held(200, wins=half, losses=half) for half in (0, 4, 30, 90)]
    assert drops == sorted(drops, reverse=True)
    assert drops[0] > 0.04
    assert drops[-1] == 0


def test_a_drop_that_is_in_the_sample_already_is_not_taken_for_churn():
    assert held(268, losses=8) == held(268)


def test_a_key_intent_fails_only_beyond_the_margin_and_later_at_holms_first_step():
    alone, one_of_four = failed(np.arange(42)), failed(np.arange(42), alpha=0.05 / 4)
    assert alone == pytest.approx(0.20, abs=0.02)
    assert alone < one_of_four < 0.3
    assert failed(np.arange(10_000)) == pytest.approx(MARGIN, abs=0.01)


def test_of_few_documents_nearly_all_must_be_lost_and_of_fewer_no_loss_is_beyond_chance():
    of_three = np.arange(42) % 3
    assert failed(of_three) == pytest.approx(0.8 ** (1 / 3))
    assert failed(of_three, alpha=0.05 / 4) is None
    assert failed(np.zeros(42)) is None


def test_queries_about_one_document_are_lost_together():
    assert failed(np.arange(60) // 5) > failed(np.arange(60))


def test_below_two_documents_nothing_can_be_told():
    assert held(30, clusters=np.zeros(30)) is None
    assert queries_wanted(np.zeros(30), np.zeros(30), MARGIN) is None


def test_a_margin_of_five_points_needs_about_246_queries_when_a_tenth_of_the_answers_change():
    # The figure of the exact calculation in facts.md; the normal formula is n = (2.4865 sd / margin)².
    differences = np.zeros(1000)
    differences[:50], differences[-50:] = 1, -1
    assert queries_wanted(differences, np.arange(1000), MARGIN) == pytest.approx(246, abs=3)
    assert queries_wanted(differences, np.arange(1000), MARGIN / 2) == pytest.approx(4 * 246, abs=12)


def test_an_equal_candidate_passes_four_times_in_five_with_as_many_queries_as_wanted():
    random = np.random.default_rng(4)
    changes = random.choice([-1.0, 0.0, 1.0], p=[0.05, 0.90, 0.05], size=(4000, 248))
    error = changes.std(axis=1, ddof=1) / np.sqrt(248)
    assert (changes.mean(axis=1) - 1.645 * error > -MARGIN).mean() == pytest.approx(0.80, abs=0.03)
