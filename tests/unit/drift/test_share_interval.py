"""The interval of a share widens when documents agree with themselves."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from kbgate.drift.share_interval import share_interval


def documents(n: int, chunks_each: int) -> np.ndarray:
    return np.repeat([f"d{i:03}" for i in range(n)], chunks_each).astype(object)


def test_with_one_chunk_a_document_it_is_wilsons_interval() -> None:
    marked = np.arange(200) < 60
    found = share_interval(marked, documents(200, 1))
    assert found == pytest.approx(proportion_confint(60, 200, method="wilson"), abs=2e-3)


def test_whole_documents_count_once_each() -> None:
    marked = np.repeat(np.arange(40) < 12, 20)
    found = share_interval(marked, documents(40, 20))
    assert found == pytest.approx(proportion_confint(12, 40, method="wilson"), abs=5e-3)


def test_nothing_marked_is_no_certainty() -> None:
    low, high = share_interval(np.zeros(100, bool), documents(5, 20)) or (None, None)
    assert low == pytest.approx(0, abs=1e-9)
    assert high == pytest.approx(proportion_confint(0, 5, method="wilson")[1])


def test_no_chunks_have_no_interval() -> None:
    assert share_interval(np.zeros(0, bool), documents(0, 1)) is None


def test_it_covers_the_truth_about_95_times_in_100() -> None:
    """400 batches of 40 documents of 10 chunks; each document has its own rate, 20 % on average."""
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        rates = random.beta(0.8, 3.2, size=40)
        found = share_interval(random.random((40, 10)).ravel() < np.repeat(rates, 10), documents(40, 10))
        assert found
        covered += found[0] <= 0.2 <= found[1]
    assert covered / 400 > 0.95 - 3 * (0.95 * 0.05 / 400) ** 0.5
