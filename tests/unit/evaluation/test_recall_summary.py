import numpy as np
import pytest

from golden_examples import golden_of, hits_of, live_of
from kbgate.evaluation.query_results import measure_queries
from kbgate.evaluation.recall_summary import summarise_recall
from kbgate.sections.recall import RecallSettings

SETTINGS = RecallSettings()
INTENTS = {"q0": "orders", "q1": "orders", "q2": "billing", "q3": "billing", "q4": ""}
GOLDEN = golden_of({"q0": {"d0": 1}, "q1": {"d1": 1}, "q2": {"d2": 1}, "q3": {}, "q4": {"d4": 1}}, INTENTS, ["orders"])
ALL = ["d0", "d1", "d2", "d4"]


def results(*missed, k=1, golden=GOLDEN):
    rankings = [["other"] if n in missed else [f"d{n}"] for n in range(5)]
    return measure_queries(golden, hits_of(rankings), k=k, zero_hit_similarity=0.25)


def test_a_stale_query_is_not_asked_and_an_unjudged_one_is_asked_but_not_measured():
    summary = summarise_recall(GOLDEN, results(), None, ["d0", "d2", "d4"], SETTINGS)
    assert summary.asked.tolist() == [True, False, True, True, True]
    assert summary.measured.tolist() == [True, False, True, False, True]


def test_key_intents_come_first_and_queries_without_an_intent_make_no_row():
    summary = summarise_recall(GOLDEN, results(1), live_of(results()), ALL, SETTINGS)
    assert summary.intents == [("orders", True), ("billing", False)]
    orders, billing = summary.intent_rows()
    assert (orders["n"], orders["recall"], orders["live_recall"], orders["difference"]) == (2, 0.5, 1.0, -0.5)
    assert (billing["n"], billing["recall"]) == (1, 1.0), "the unjudged query counts in no mean"


def test_live_that_was_measured_another_way_is_not_compared_with():
    others = golden_of({f"q{n}": {f"d{n}": 1, "more": 1} for n in range(5)})
    for live in (results(k=2), results(golden=others)):
        summary = summarise_recall(GOLDEN, results(1), live_of(live), ALL, SETTINGS)
        assert (summary.compared.any(), summary.comparison) == (False, None)
        assert summary.worst_queries()[0]["live_recall"] is None
    assert summarise_recall(GOLDEN, results(1), live_of(results()), ALL, SETTINGS).comparison.overall.losses == 1


def test_the_worst_queries_begin_with_what_live_still_answers_and_leave_out_what_is_not_measured():
    worst = summarise_recall(GOLDEN, results(0, 2, 3, 4), live_of(results(0, 4)), ALL, SETTINGS).worst_queries()
    # q3 missed too, but nothing is known to answer it; q0 is of a key intent, q4 is not.
    assert [query["query_id"] for query in worst] == ["q2", "q0", "q4"]
    assert (worst[0]["expected"], worst[0]["missed"], worst[0]["retrieved"]) == (["d2"], ["d2"], ["other"])


def test_a_mean_of_no_queries_is_none_and_otherwise_lies_in_its_interval():
    summary = summarise_recall(GOLDEN, results(1), None, ALL, SETTINGS)
    assert summary.mean("recall", np.zeros(5, dtype=bool)) == (None, None)
    mean, interval = summary.mean("recall", summary.measured)
    assert mean == pytest.approx(3 / 4)
    assert interval.low < mean < interval.high


def test_differences_are_those_of_the_compared_queries_and_live_has_no_recall_on_others():
    summary = summarise_recall(GOLDEN, results(1), live_of(results(2), ["d0", "d1", "d2"]), ALL, SETTINGS)
    assert summary.same_questions.tolist() == [True, True, True, False, True]
    assert summary.compared.tolist() == [True, True, True, False, False]
    assert summary.compared_of("orders").tolist() == [True, True, False, False, False]
    assert summary.differences(summary.compared).tolist() == [0, -1, 1]
    assert np.isnan(summary.live_recall).tolist() == [False, False, False, True, True]
    assert (summary.comparison.overall.n, summary.comparison.overall.difference) == (3, 0)


def test_a_grade_below_the_smallest_relevant_one_makes_a_query_unjudged_and_not_stale():
    golden = golden_of({"q0": {"d0": 2, "d1": 1}, "q1": {"d1": 1}})
    settings = SETTINGS.model_copy(update={"min_relevance": 2})
    answers = measure_queries(golden, hits_of([["d0"], ["d1"]]), k=1, zero_hit_similarity=0.25, min_relevance=2)
    summary = summarise_recall(golden, answers, None, ["d0"], settings)
    assert (summary.health.unjudged, summary.health.stale, summary.health.partly_stale) == (("q1",), (), ())
    assert summary.mean("recall", summary.measured)[0] == 1.0


def test_live_has_an_interval_beside_the_candidates_for_each_intent_and_for_all():
    summary = summarise_recall(GOLDEN, results(1), live_of(results(2)), ALL, SETTINGS)
    swapped = summarise_recall(GOLDEN, results(2), live_of(results(1)), ALL, SETTINGS)
    rows = [*summary.intent_rows(), summary.overall_row()]
    others = [*swapped.intent_rows(), swapped.overall_row()]
    for row, other in zip(rows, others, strict=True):
        live = (row["live_recall"], row["live_ci_low"], row["live_ci_high"])
        assert live == (other["recall"], other["ci_low"], other["ci_high"])
    assert (rows[-1]["n"], rows[-1]["recall"], rows[-1]["live_recall"]) == (4, 0.75, 0.75)


def test_without_live_its_columns_are_empty():
    row = summarise_recall(GOLDEN, results(1), None, ALL, SETTINGS).overall_row()
    assert [row[name] for name in ("live_recall", "live_ci_low", "live_ci_high", "difference")] == [None] * 4
