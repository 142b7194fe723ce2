"""An index that misses chunks is held; ties and short versions are not called misses."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunk_tables import with_vectors
from kbgate.errors import UsageError
from kbgate.gates.index_recall import IndexSearch, index_recall_per_query, measure_index
from kbgate.records import Hits
from kbgate.results import Verdict
from kbgate.sections.reconcile import ReconcileSettings
from kbgate.stores.lancedb import LanceDbStore

SETTINGS = ReconcileSettings()


def hits(*similarities: list[float]) -> Hits:
    ids = np.full((len(similarities), len(similarities[0])), "c", dtype=object)
    return Hits(ids, ids, np.array(similarities, dtype=np.float32))


def test_the_share_of_the_exact_best_is_counted_per_query() -> None:
    exact = hits([0.9, 0.8, 0.7, 0.6], [0.9, 0.8, 0.7, 0.6])
    served = hits([0.9, 0.8, 0.7, 0.6], [0.9, 0.7, 0.5, 0.4])
    assert index_recall_per_query(served, exact).tolist() == [1.0, 0.5]


def test_a_tie_at_the_end_is_no_miss() -> None:
    assert index_recall_per_query(hits([0.9, 0.8]), hits([0.9, 0.8 + 5e-7])).tolist() == [1.0]


def test_a_version_with_fewer_than_k_chunks_has_nothing_to_miss() -> None:
    nan = float("nan")
    short = hits([0.9, nan, nan])
    assert index_recall_per_query(short, short).tolist() == [1.0]
    assert index_recall_per_query(hits([nan, nan, nan]), short).tolist() == [0.0]
    assert measure_index(IndexSearch(hits([nan]), hits([nan]), "questions"), SETTINGS).verdict is Verdict.INCONCLUSIVE


def test_nothing_asked_is_inconclusive() -> None:
    assert measure_index(None, SETTINGS).verdict is Verdict.INCONCLUSIVE


def test_answers_to_different_questions_are_refused() -> None:
    with pytest.raises(UsageError, match="same queries"):
        index_recall_per_query(hits([0.9]), hits([0.9, 0.8]))


@given(st.integers(1, 8), st.integers(1, 30), st.integers(0, 1000))
def test_the_order_of_queries_changes_nothing(k: int, n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    exact = np.sort(random.random((n, k)), axis=1)[:, ::-1]
    served = np.sort(exact - random.choice([0, 0.3], (n, k)), axis=1)[:, ::-1]
    order = random.permutation(n)
    one = measure_index(IndexSearch(hits(*served.tolist()), hits(*exact.tolist()), "questions"), SETTINGS)
    other = measure_index(
        IndexSearch(hits(*served[order].tolist()), hits(*exact[order].tolist()), "questions"), SETTINGS
    )
    assert one.verdict is other.verdict
    assert one.value == pytest.approx(other.value)
    assert 0 <= one.value <= 1


@pytest.mark.parametrize(("partitions", "verdict"), [(1, Verdict.FAILED), (20, Verdict.PASSED)])
def test_a_real_index_that_looks_into_too_little_is_held(tmp_path: Path, partitions: int, verdict: Verdict) -> None:
    """400 chunks of unstructured vectors are the worst case for a partitioned index."""
    random = np.random.default_rng(3)
    vectors = random.normal(size=(400, 16)).astype(np.float32)
    options = {"uri": str(tmp_path), "index_min_rows": 256, "searched_partitions": partitions}
    store = LanceDbStore("kb", options)
    store.build(
        "v1.0.0", [with_vectors(range(400), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))], dimension=16
    )
    queries = random.normal(size=(50, 16)).astype(np.float32)
    search = IndexSearch(
        store.search("v1.0.0", queries, 5), store.search("v1.0.0", queries, 5, exact=True), "questions"
    )
    found = measure_index(search, SETTINGS)
    assert found.verdict is verdict, found.message
    assert found.ci_low <= found.value <= found.ci_high
    assert "of the 5 best chunks that an exact search finds" in found.message
