import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_examples import golden_of, hits_of
from kbgate.evaluation.query_results import measure_queries
from kbgate.evaluation.token_budget import cut_at_budget, fills_budget


def tokens(*rows):
    return np.array(rows, dtype=np.int64)


def test_chunks_are_kept_from_the_top_while_they_fit_together():
    hits = hits_of([["a", "b", "c"], ["d", "e"]])
    cut = cut_at_budget(hits, tokens([100, 100, 100], [150, 60, 0]), 200)
    assert cut.doc_ids.tolist() == [["a", "b", ""], ["d", "", ""]]
    assert cut.chunk_ids.tolist() == [["a#0", "b#1", ""], ["d#0", "", ""]]
    np.testing.assert_array_equal(np.isnan(cut.similarities), [[False, False, True], [False, True, True]])


def test_a_short_chunk_behind_one_that_does_not_fit_is_not_read():
    cut = cut_at_budget(hits_of([["a", "b", "c"]]), tokens([90, 50, 10]), 100)
    assert cut.doc_ids.tolist() == [["a", "", ""]]


@pytest.mark.parametrize(("counts", "filled"), [([60, 60], True), ([50, 50], False)])
def test_a_budget_is_filled_when_more_was_found_than_fits(counts, filled):
    assert fills_budget(hits_of([["a", "b"]]), tokens(counts), 100) is filled


def test_a_query_without_further_chunks_fills_its_budget():
    assert fills_budget(hits_of([["a"], ["b", "c"]]), tokens([10, 0], [90, 90]), 100)
    assert not fills_budget(hits_of([["a", "b"], ["b", "c"]]), tokens([10, 10], [90, 90]), 100)


@given(counts=st.lists(st.integers(1, 300), min_size=1, max_size=8), budget=st.integers(1, 900))
def test_what_is_kept_fits_and_one_more_would_not(counts, budget):
    hits = hits_of([[f"d{n}" for n in range(len(counts))]])
    kept = int((cut_at_budget(hits, tokens(counts), budget).doc_ids != "").sum())
    assert sum(counts[:kept]) <= budget
    assert kept == len(counts) or sum(counts[: kept + 1]) > budget


def test_longer_chunks_no_longer_win_by_size():
    """At equal k a version of one long chunk a document finds two documents where short chunks find one."""
    golden = golden_of({"q": {"a": 1, "b": 1}})
    long, short = hits_of([["a", "b"]]), hits_of([["a", "a", "b", "b"]])

    def recall(hits, n_tokens, **cut):
        budget = cut.get("budget_tokens")
        chosen = hits if budget is None else cut_at_budget(hits, n_tokens, budget)
        return measure_queries(golden, chosen, k=2, zero_hit_similarity=0.25, **cut).column("recall")[0]

    assert (recall(long, tokens([200, 200])), recall(short, tokens([100] * 4))) == (1.0, 0.5)
    equal = {"budget_tokens": 300}
    assert (recall(long, tokens([200, 200]), **equal), recall(short, tokens([100] * 4), **equal)) == (0.5, 1.0)
