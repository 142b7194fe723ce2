import pytest

from golden_examples import golden_of, hits_of
from kbgate.errors import UsageError
from kbgate.evaluation.comparison import compare_results
from kbgate.evaluation.query_results import measure_queries

GOLDEN = golden_of(
    {f"q{n}": {f"d{n}": 1} for n in range(40)},
    intents={f"q{n}": "billing" if n < 20 else "orders" for n in range(40)},
)
IDS = [query.query_id for query in GOLDEN.queries]


def results(missed=(), golden=GOLDEN, k=1):
    rankings = [["other"] if n in missed else [f"d{n}"] for n in range(len(golden.queries))]
    return measure_queries(golden, hits_of(rankings), k=k, zero_hit_similarity=0.25)


def compare(candidate, live, query_ids=IDS):
    return compare_results(candidate, live, query_ids, margin=0.05, resamples=10_000, seed=1)


def test_wins_losses_and_ties_are_counted_overall_and_per_intent():
    compared = compare(results(missed=[0, 1, 2]), results(missed=[2, 39]))
    overall = compared.overall
    assert (overall.n, overall.wins, overall.losses, overall.ties) == (40, 1, 2, 37)
    assert overall.difference == pytest.approx(-1 / 40)
    assert overall.difference == pytest.approx(overall.candidate - overall.live)
    assert (compared.intents["billing"].losses, compared.intents["billing"].wins) == (2, 0)
    assert (compared.intents["orders"].losses, compared.intents["orders"].wins) == (0, 1)


def test_changed_queries_tell_then_and_now_with_losses_first():
    changes = compare(results(missed=[0, 2]), results(missed=[2, 39])).changes
    assert [change.query_id for change in changes] == ["q0", "q39"]
    assert (changes[0].recall_then, changes[0].recall_now) == (1.0, 0.0)
    assert (changes[0].doc_ids_then, changes[0].doc_ids_now) == (("d0",), ("other",))


def test_a_real_drop_has_an_interval_below_zero_and_no_change_has_one_around_it():
    dropped = compare(results(missed=range(12)), results()).overall
    assert dropped.interval.high < 0
    same = compare(results(missed=[1, 2]), results(missed=[3, 4])).overall
    assert same.interval.low < 0 < same.interval.high


def test_pairing_leaves_out_what_both_versions_miss():
    missed = range(10, 30)
    interval = compare(results(missed=missed), results(missed=missed)).overall.interval
    assert (interval.low, interval.high) == (0.0, 0.0)


def test_queries_are_paired_by_id_whatever_their_order():
    backwards = golden_of(
        {f"q{n}": {f"d{n}": 1} for n in reversed(range(40))}, intents={q.query_id: q.intent for q in GOLDEN.queries}
    )
    rankings = [["other"] if n == 0 else [f"d{n}"] for n in reversed(range(40))]
    live = measure_queries(backwards, hits_of(rankings), k=1, zero_hit_similarity=0.25)
    compared = compare(results(missed=[0]), live)
    assert (compared.overall.ties, compared.changes) == (40, ())


def test_only_the_chosen_queries_are_compared():
    compared = compare(results(missed=[0, 1]), results(), query_ids=["q1", "q5", "q6"])
    assert (compared.overall.n, compared.overall.losses) == (3, 1)
    assert set(compared.intents) == {"billing"}


def test_clusters_are_documents_so_many_questions_about_one_do_not_make_it_sure():
    shared = golden_of({f"q{n}": {"d0": 1} if n < 20 else {f"d{n}": 1} for n in range(40)})

    def of(missed):
        rankings = [["other"] if n in missed else ["d0" if n < 20 else f"d{n}"] for n in range(40)]
        return measure_queries(shared, hits_of(rankings), k=1, zero_hit_similarity=0.25)

    one_document_lost = compare(of(range(20)), of([])).overall
    assert one_document_lost.difference == -0.5
    assert one_document_lost.interval.high == 0.0


def test_results_measured_differently_are_refused():
    with pytest.raises(UsageError, match="k = 1, live at k = 2"):
        compare(results(), results(k=2))
    other = results(golden=golden_of({f"q{n}": {"d": 1} if n < 2 else {f"d{n}": 1} for n in range(40)}))
    with pytest.raises(UsageError, match=r"2 queries were not asked or judged alike \(such as q0, q1\)"):
        compare(results(), other)
    assert compare(results(), other, query_ids=IDS[2:]).overall.n == 38


def test_queries_that_are_not_there_are_refused():
    with pytest.raises(UsageError, match="q99"):
        compare(results(), results(), query_ids=["q1", "q99"])
    with pytest.raises(UsageError, match="none asked for"):
        compare(results(), results(), query_ids=[])


def test_the_bounds_lie_inside_the_interval_and_agree_with_the_p_value():
    worse = compare(results(missed=range(8)), results()).overall
    assert worse.interval.low < worse.bounds.low < worse.difference < worse.bounds.high < worse.interval.high
    # The upper bound is below the margin just when "at least -margin" is refused at 5 %.
    for n_missed in range(1, 14):
        found = compare(results(missed=range(n_missed)), results()).overall
        assert (found.p_worse < 0.05) == (found.bounds.high < -0.05)


def test_identical_answers_are_exactly_no_worse_even_about_a_single_document():
    single = golden_of({f"q{n}": {"d0": 1} for n in range(40)})

    def of(missed):
        rankings = [["other"] if n in missed else ["d0"] for n in range(40)]
        return measure_queries(single, hits_of(rankings), k=1, zero_hit_similarity=0.25)

    same = compare(of([3]), of([3])).overall
    assert (same.bounds.low, same.bounds.high, same.p_worse) == (0.0, 0.0, 1.0)
    for missed, p_worse in (([3, 4, 5, 6], None), ([3, 4], 1.0), ([], 1.0)):
        changed = compare(of(missed), of([3])).overall
        assert (changed.interval, changed.bounds, changed.p_worse) == (None, None, p_worse)
