"""A model that changed behind its fingerprint is seen by the fixed sentences."""

import numpy as np
import pytest

from kbgate.errors import UsageError
from kbgate.gates.embedding_probe import PROBE_SENTENCES, EmbeddingProbe, judge_probe
from kbgate.results import Verdict

FRESH = np.linalg.qr(np.random.default_rng(1).normal(size=(16, 16)))[0][: len(PROBE_SENTENCES)].astype(np.float32)


def test_the_same_vectors_pass_with_their_lowest_cosine() -> None:
    found = judge_probe(EmbeddingProbe(FRESH, FRESH * np.float32(1.00001)), 0.999)
    assert (found.verdict, found.n) == (Verdict.PASSED, 12)
    assert found.value == pytest.approx(1)


def test_one_sentence_that_moved_is_enough_and_is_quoted() -> None:
    live = FRESH.copy()
    live[4] = FRESH[5]
    found = judge_probe(EmbeddingProbe(FRESH, live), 0.999)
    assert found.verdict is Verdict.FAILED
    assert found.value == pytest.approx(0, abs=1e-6)
    assert "1 of 12 probe sentences" in found.message
    assert "SELECT name" in found.message


def test_a_vector_that_is_not_a_number_fails() -> None:
    broken = FRESH.copy()
    broken[0, 0] = np.nan
    found = judge_probe(EmbeddingProbe(broken, FRESH), 0.999)
    assert (found.verdict, found.value) == (Verdict.FAILED, None)


@pytest.mark.parametrize("probe", [None, EmbeddingProbe(FRESH, None)])
def test_without_an_earlier_probe_nothing_is_judged(probe: EmbeddingProbe | None) -> None:
    found = judge_probe(probe, 0.999)
    assert (found.verdict, found.severity, found.threshold) == (Verdict.PASSED, "warning", None)


def test_another_dimension_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\(12, 16\) now and \(12, 8\)"):
        judge_probe(EmbeddingProbe(FRESH, FRESH[:, :8]), 0.999)


def test_the_sentences_are_distinct_and_never_change() -> None:
    assert len(set(PROBE_SENTENCES)) == len(PROBE_SENTENCES) == 12
