import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from golden_examples import hits_of
from kbgate.evaluation.metrics import (
    best_similarity,
    evidence_recall_at_k,
    grade_rankings,
    hit_rate_at_k,
    ndcg_at_k,
    recall_at_k,
    reciprocal_rank,
    zero_hit,
)

DOCS = [f"d{number}" for number in range(8)]
RANKINGS = st.lists(st.lists(st.sampled_from(DOCS), max_size=12), min_size=1, max_size=8)
GRADES = st.dictionaries(st.sampled_from([*DOCS, "gone"]), st.integers(0, 3), max_size=6)


def metrics_of(ranking, grades, k):
    rankings = grade_rankings(hits_of([ranking]), ["q"], {"q": grades}, k)
    values = (recall_at_k(rankings), hit_rate_at_k(rankings), reciprocal_rank(rankings), ndcg_at_k(rankings, k))
    return [float(value[0]) for value in values]


def documents_of(ranking, k):
    return list(dict.fromkeys(ranking[:k]))


@given(rankings=RANKINGS, grades=st.lists(GRADES, min_size=8, max_size=8), k=st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_every_metric_equals_trec_eval_on_the_ranking_of_documents(rankings, grades, k):
    query_ids = [f"q{number}" for number in range(len(rankings))]
    qrels = dict(zip(query_ids, grades, strict=False))
    graded = grade_rankings(hits_of(rankings), query_ids, qrels, k)
    ours = {
        R @ k: recall_at_k(graded),
        Success @ k: hit_rate_at_k(graded),
        RR: reciprocal_rank(graded),
        nDCG @ k: ndcg_at_k(graded, k),
    }
    scored = {
        query_id: {doc: 1.0 / (rank + 1) for rank, doc in enumerate(documents_of(ranking, k))}
        for query_id, ranking in zip(query_ids, rankings, strict=True)
    }
    expected = {(m.query_id, m.measure): m.value for m in ir_measures.iter_calc(list(ours), qrels, scored)}
    for measure, values in ours.items():
        for query_id, value in zip(query_ids, values, strict=True):
            if any(grade > 0 for grade in qrels[query_id].values()):
                # trec_eval leaves out a query without results; it found nothing.
                wanted = expected.get((query_id, measure), 0.0) if scored[query_id] else 0.0
                assert value == pytest.approx(wanted, abs=1e-9)
            else:
                assert np.isnan(value)


@given(ranking=st.lists(st.sampled_from(DOCS), min_size=1, max_size=12), grades=GRADES, least=st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_only_high_enough_grades_are_relevant_as_in_trec_eval(ranking, grades, least):
    graded = grade_rankings(hits_of([ranking]), ["q"], {"q": grades}, 5)
    ours = {
        R(rel=least) @ 5: recall_at_k(graded, least),
        Success(rel=least) @ 5: hit_rate_at_k(graded, least),
        RR(rel=least): reciprocal_rank(graded, least),
    }
    scored = {"q": {doc: 1.0 / (rank + 1) for rank, doc in enumerate(documents_of(ranking, 5))}}
    expected = {m.measure: m.value for m in ir_measures.iter_calc(list(ours), {"q": grades}, scored)}
    for measure, values in ours.items():
        if any(grade >= least for grade in grades.values()):
            assert values[0] == pytest.approx(expected[measure], abs=1e-9)
        else:
            assert np.isnan(values[0])


@given(ranking=st.lists(st.sampled_from(DOCS), max_size=12), grades=GRADES, k=st.integers(1, 11))
@settings(max_examples=100, deadline=None)
def test_metrics_stay_in_bounds_and_recall_never_falls_with_k(ranking, grades, k):
    smaller, larger = metrics_of(ranking, grades, k), metrics_of(ranking, grades, k + 1)
    if np.isnan(smaller[0]):
        assert np.isnan([*smaller, *larger]).all()
    else:
        assert all(0 <= value <= 1 for value in [*smaller, *larger])
        assert smaller[0] <= larger[0]
        assert smaller[0] <= smaller[1]


def test_recall_counts_documents_that_should_have_been_found_and_hit_rate_does_not():
    recall, hit, reciprocal, _ = metrics_of(["x", "b", "y"], {"a": 1, "b": 1, "c": 1}, 3)
    assert recall == pytest.approx(1 / 3)
    assert (hit, reciprocal) == (1.0, 0.5)


@pytest.mark.parametrize("grades", [{}, {"a": 0}])
def test_a_query_without_relevant_documents_is_nan_and_never_perfect(grades):
    assert np.isnan(metrics_of(["a", "b"], grades, 2)).all()


def test_nothing_retrieved_is_0_not_nan():
    assert metrics_of([], {"a": 1}, 5) == [0.0, 0.0, 0.0, 0.0]


def test_k_counts_chunks_so_a_document_that_fills_the_top_leaves_no_room():
    assert metrics_of(["a", "a", "a", "b"], {"b": 1}, 3)[0] == 0.0
    assert metrics_of(["a", "a", "a", "b"], {"b": 1}, 4) == [1.0, 1.0, 0.5, pytest.approx(1 / np.log2(3))]


def test_further_chunks_of_a_document_are_not_counted_again():
    assert metrics_of(["a", "a", "a"], {"a": 2, "b": 1}, 3)[0] == 0.5


def test_gains_are_linear():
    dcg = 1 + 3 / np.log2(3)
    ideal = 3 + 1 / np.log2(3)
    assert metrics_of(["low", "high"], {"low": 1, "high": 3}, 2)[3] == pytest.approx(dcg / ideal)


def test_tied_similarities_keep_the_order_the_store_gave():
    tied = hits_of([["x", "a"], ["a", "x"]], [[0.5, 0.5], [0.5, 0.5]])
    graded = grade_rankings(tied, ["q1", "q2"], {"q1": {"a": 1}, "q2": {"a": 1}}, 2)
    assert reciprocal_rank(graded).tolist() == [0.5, 1.0]


def test_a_query_missing_from_the_qrels_is_nan_and_does_not_shift_its_neighbours():
    graded = grade_rankings(hits_of([["a"], ["b"], ["c"]]), ["q1", "q2", "q3"], {"q1": {"a": 1}, "q3": {"c": 1}}, 1)
    np.testing.assert_equal(recall_at_k(graded), [1.0, np.nan, 1.0])


def test_hits_of_another_number_of_queries_are_refused():
    with pytest.raises(ValueError, match="2 rows of hits for 1 queries"):
        grade_rankings(hits_of([["a"], ["b"]]), ["q1"], {}, 1)


def test_zero_hit_means_no_result_reaches_the_similarity():
    hits = hits_of([["a", "b"], ["a"], []], [[0.25, 0.1], [0.2499], []])
    assert zero_hit(hits, 0.25).tolist() == [False, True, True]
    np.testing.assert_allclose(best_similarity(hits), [0.25, 0.2499, np.nan], rtol=1e-6)
    assert zero_hit(hits_of([[], []]), -1).tolist() == [True, True]


def test_evidence_is_found_only_by_a_chunk_that_overlaps_it():
    hits = hits_of([["a", "b", "a"]])
    chunks = {"a#0": (0, 100), "b#1": (0, 50), "a#2": (100, 200)}
    evidence = {"q": [("a", 90, 110), ("a", 100, 120), ("b", 50, 60), ("c", 0, 10)]}
    assert evidence_recall_at_k(hits, ["q"], evidence, chunks, 2).tolist() == [0.25]
    assert evidence_recall_at_k(hits, ["q"], evidence, chunks, 3).tolist() == [0.5]
    assert np.isnan(evidence_recall_at_k(hits, ["q"], {}, chunks, 3)).all()
