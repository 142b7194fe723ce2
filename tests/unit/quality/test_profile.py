import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality.document_features import measure_documents
from kbgate.quality.profile import (
    TOKEN_EDGES,
    DocumentProfile,
    corpus_profile,
    jensen_shannon_distance,
    population_stability_index,
    profile_chunks,
    profile_documents,
    profile_lengths,
)
from kbgate.sections.quality import QualitySettings
from quality_samples import help_pages

COUNTS = st.lists(st.integers(0, 500), min_size=5, max_size=5)


def test_a_profile_survives_json(tokenizer):
    features = measure_documents(help_pages(20), tokenizer, QualitySettings())
    chunks = profile_chunks(pd.DataFrame({"doc_id": ["a", "a", "b"], "n_tokens": [10, 20, 30]}), 240)
    profile = profile_documents(features, {"empty_text": 0.0}).model_copy(update={"chunks": chunks})
    assert DocumentProfile.model_validate_json(profile.model_dump_json()) == profile
    assert profile.languages == {"en": 20}
    assert profile.tokens.mean == pytest.approx(features["n_tokens"].mean())


@given(st.lists(st.integers(0, 100_000), max_size=50))
def test_every_length_falls_into_one_bin(lengths):
    profile = profile_lengths(lengths)
    assert sum(profile.histogram) == profile.n == len(lengths)
    assert len(profile.histogram) == len(TOKEN_EDGES)


def test_a_length_on_an_edge_belongs_to_the_bin_that_begins_there():
    assert profile_lengths([16, 8192, 15]).histogram == (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1)


def test_psi_of_a_hand_calculated_pair():
    r, c = [40.5 / 101, 60.5 / 101], [60.5 / 101, 40.5 / 101]
    expected = sum((b - a) * math.log(b / a) for a, b in zip(r, c, strict=True))
    assert population_stability_index([40, 60], [60, 40]) == pytest.approx(expected)


@given(COUNTS, COUNTS)
def test_psi_and_jensen_shannon_are_symmetric_and_finite(reference, current):
    psi = population_stability_index(reference, current)
    assert psi == pytest.approx(population_stability_index(current, reference))
    assert math.isfinite(psi)
    assert psi >= 0
    if sum(reference) and sum(current):
        assert -1e-9 <= jensen_shannon_distance(reference, current) <= 1 + 1e-9


@given(COUNTS)
def test_psi_of_a_histogram_with_itself_is_zero(counts):
    assert population_stability_index(counts, counts) == pytest.approx(0)


def test_psi_grows_with_the_shift():
    rng = np.random.default_rng(1)
    lengths = rng.lognormal(6, 0.6, 2000)
    values = [
        population_stability_index(profile_lengths(lengths).histogram, profile_lengths(lengths * f).histogram)
        for f in (1.0, 0.8, 0.62, 0.4)
    ]
    assert values == sorted(values)
    assert values[2] > 0.4


def test_histograms_on_other_bins_are_refused():
    with pytest.raises(ValueError, match="3 and 2 bins"):
        population_stability_index([1, 2, 3], [1, 2])


def a_profile(n: int, tokens: int, unknown: float, **languages: int) -> DocumentProfile:
    lengths = profile_lengths([tokens] * n)
    return DocumentProfile(
        n_documents=n, tokens=lengths, unknown_token_share=unknown, languages=languages, rule_shares={"markup": unknown}
    )


def test_a_corpus_is_described_by_the_batch_for_what_is_new_and_by_live_for_what_stays():
    live, batch = a_profile(160, 100, 0.0, en=158, de=2), a_profile(40, 100, 0.1, en=39, fr=1)
    found = corpus_profile(batch, [100] * 180, live)
    assert (found.n_documents, found.tokens.n) == (180, 180)
    assert found.languages == {"en": 39 + 138, "de": 2, "fr": 1}
    assert found.unknown_token_share == pytest.approx(0.1 * 40 / 180)
    assert found.rule_shares["markup"] == pytest.approx(0.1 * 40 / 180)


def test_a_batch_of_everything_describes_the_corpus_alone():
    live, batch = a_profile(160, 100, 0.5, zh=160), a_profile(40, 100, 0.1, en=40)
    assert corpus_profile(batch, [100] * 40, live) == corpus_profile(batch, [100] * 40, None) == batch


def test_a_delta_that_brings_nothing_leaves_lives_shares():
    live = a_profile(160, 100, 0.25, en=160)
    found = corpus_profile(
        profile_documents(pd.DataFrame({"n_tokens": [], "n_unknown": [], "language": []})), [100] * 80, live
    )
    assert (found.languages, found.unknown_token_share) == ({"en": 80}, 0.25)
    assert found.rule_shares == live.rule_shares
