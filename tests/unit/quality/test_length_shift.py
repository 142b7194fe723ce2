import numpy as np
import pytest

from kbgate.quality.length_shift import allowed_mean_change, allowed_psi
from kbgate.quality.profile import population_stability_index, profile_lengths
from kbgate.sections.quality import QualitySettings
from quality_samples import collection

LIMITS = QualitySettings()
COLLECTIONS = ["covidqa_faq", "xquad_en", "drcd_dev", "docs_plausible/t2_2026-07-24"]


@pytest.fixture(scope="module")
def lengths_of(tokenizer, shared_data):
    return {
        name: tokenizer.count([document.text for document in collection(shared_data / name)]).n_tokens
        for name in COLLECTIONS
    }


def alarm_rate(lengths, n: int, factor: float, draws: int = 600) -> float:
    """How often a delta of n documents drawn from the same pages, their lengths times `factor`, is called a shift."""
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(draws):
        reference = profile_lengths(rng.choice(lengths, len(lengths)))
        current = profile_lengths(rng.choice(lengths, n) * factor)
        moved = abs(current.mean - reference.mean) > allowed_mean_change(LIMITS.max_token_mean_shift, reference, n)
        psi = population_stability_index(reference.histogram, current.histogram)
        alarms += moved or psi > allowed_psi(LIMITS.max_token_psi, reference, current)
    return alarms / draws


@pytest.mark.parametrize("name", COLLECTIONS)
@pytest.mark.parametrize("n", [30, 200])
def test_both_length_checks_together_raise_fewer_than_2_percent_false_alarms(lengths_of, name, n):
    assert alarm_rate(lengths_of[name], n, factor=1.0) < 0.02


@pytest.mark.parametrize("name", ["covidqa_faq", "xquad_en", "drcd_dev"])
def test_the_incidents_loss_of_length_is_seen_in_a_delta_of_200(lengths_of, name):
    assert alarm_rate(lengths_of[name], 200, factor=280 / 450, draws=200) > 0.9


def test_a_whole_corpus_has_no_allowance_for_chance():
    reference = profile_lengths([100, 300] * 10)
    assert allowed_mean_change(0.3, reference, None) == pytest.approx(60)
    assert allowed_mean_change(0.3, reference, 5) > 60
