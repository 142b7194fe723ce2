from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden_examples import golden_of, hits_of, live_of
from kbgate.evaluation.golden_set import GoldenSet, Judgement, Query
from kbgate.evaluation.live_answers import LiveAnswers
from kbgate.evaluation.query_results import QueryResults, measure_queries
from kbgate.gates.recall import judge_recall
from kbgate.results import GateResult, Measurement, Verdict
from kbgate.sections.recall import RecallSettings

N = 200
SETTINGS = RecallSettings(worst_queries=3)
FREE = SETTINGS.model_copy(update={"min_recall": 0.0, "max_zero_hit_rate": 1.0})
"""Without a floor, so that only the comparison with live decides."""


def golden_set(n=N, key_intents=("billing", "orders"), per_document=1) -> GoldenSet:
    """Four intents of n / 4 queries each, in blocks; `per_document` queries ask for one document."""
    intents = ("billing", "orders", "search", "other")
    return golden_of(
        {f"q{i}": {f"d{i // per_document}": 1} for i in range(n)},
        {f"q{i}": intents[4 * i // n] for i in range(n)},
        key_intents,
    )


def judge(golden: GoldenSet, missed, missed_by_live=(), settings=FREE) -> GateResult:
    def measured(misses):
        rankings = [
            ["other"] if i in misses else list(golden.qrels[query.query_id]) for i, query in enumerate(golden.queries)
        ]
        return measure_queries(
            golden, hits_of(rankings), k=settings.k, zero_hit_similarity=settings.zero_hit_similarity
        )

    return judge_recall(
        golden=golden,
        candidate=measured(set(missed)),
        live=None if missed_by_live is None else live_of(measured(set(missed_by_live))),
        candidate_doc_ids={judgement.doc_id for judgement in golden.judgements},
        settings=settings,
    )


def named(result: GateResult, name: str) -> Measurement:
    return next(m for m in result.measurements if m.name == name)


def overall(result: GateResult) -> Measurement:
    return named(result, "candidate_minus_live_lower_bound")


SPREAD = range(0, N, 10)
"""Twenty queries, five of each intent."""


def test_identical_answers_are_no_worse_whatever_both_miss():
    result = judge(golden_set(), range(0, N, 2), range(0, N, 2))
    assert (overall(result).value, overall(result).verdict) == (0.0, Verdict.PASSED)
    assert result.verdict is Verdict.PASSED


def test_a_lower_bound_above_the_margin_passes_and_says_how_far_below_live_it_may_be():
    result = judge(golden_set(), [0, 60, 120, 180])
    measured = overall(result)
    assert measured.verdict is Verdict.PASSED
    assert (measured.direction, measured.threshold, measured.n) == ("min", -0.05, N)
    assert -0.05 < measured.value < named(result, "candidate_minus_live").value == pytest.approx(-0.02)
    assert (
        f"It is at most {-measured.value:.3f} below live's (95 % sure); less than 0.05 is wanted." in measured.message
    )
    assert "Against live -0.020 (0 better, 4 worse). It is -0.0" in result.message


def test_an_upper_bound_below_the_margin_fails_and_names_the_fall_and_the_worst_query():
    result = judge(golden_set(key_intents=()), range(0, N, 7))
    assert overall(result).verdict is Verdict.FAILED
    assert [m.name for m in result.failed_measurements] == ["candidate_minus_live_lower_bound"]
    assert result.message.startswith(
        "Recall@5 is 0.855, live's is 1.000 on the same 200 queries: -0.145 (0 better, 29 worse"
    )
    assert "It fell by 0.10" in result.message
    assert "Worst: 'question q0' expected d0, found other." in result.message
    assert "changed_queries of gates/recall.json" in overall(result).advice


def test_between_the_bounds_it_is_not_known_and_the_advice_says_how_many_questions_would_tell():
    result = judge(golden_set(), SPREAD, [5, 55, 105, 155])
    measured = overall(result)
    assert measured.verdict is Verdict.INCONCLUSIVE
    assert result.verdict is Verdict.INCONCLUSIVE
    assert measured.value < -0.05 < named(result, "candidate_minus_live").ci_high
    differences = np.zeros(N)
    differences[list(SPREAD)] -= 1
    differences[[5, 55, 105, 155]] += 1
    wanted = np.ceil(N * (2.4865 * differences.std(ddof=1) / np.sqrt(N) / 0.05) ** 2)
    assert f"About {wanted:.0f} questions would tell" in measured.advice
    assert "Too little is known to promote." in result.message


def test_a_better_candidate_passes():
    result = judge(golden_set(), [], SPREAD)
    assert result.verdict is Verdict.PASSED
    assert "It is not below live's (95 % sure)" in overall(result).message


def test_a_wider_margin_lets_more_pass():
    lost = range(0, N, 10)
    wide = judge(golden_set(key_intents=()), lost, settings=FREE.model_copy(update={"margin": 0.15}))
    assert overall(wide).verdict is Verdict.PASSED
    assert overall(judge(golden_set(key_intents=()), lost)).verdict is not Verdict.PASSED


def test_shown_only_it_does_not_decide():
    result = judge(golden_set(key_intents=()), range(0, N, 7), settings=FREE.model_copy(update={"live_rule": "show"}))
    assert (overall(result).severity, overall(result).direction) == ("warning", "info")
    assert result.verdict is Verdict.PASSED


def test_many_questions_about_one_lost_document_are_one_loss():
    """20 of 200 questions got worse: as 20 documents that is a drop beyond chance, as one document it may be chance."""
    assert overall(judge(golden_set(key_intents=()), range(22))).verdict is Verdict.FAILED
    assert overall(judge(golden_set(key_intents=(), per_document=22), range(22))).verdict is Verdict.INCONCLUSIVE


def test_one_key_intent_that_fell_fails_although_the_overall_rule_does_not():
    result = judge(golden_set(), range(15), range(60, 80), settings=FREE)
    billing, orders = named(result, "worse_than_live_p[billing]"), named(result, "worse_than_live_p[orders]")
    assert overall(result).verdict is not Verdict.FAILED
    assert (billing.verdict, orders.verdict) == (Verdict.FAILED, Verdict.PASSED)
    assert (billing.threshold, billing.direction) == (0.05, "min")
    assert billing.value < 0.05 < orders.value
    assert "Recall@5 of key intent billing is 0.700, live's is 1.000 on the same 50 queries: -0.300" in billing.message
    assert "after Holm over 2 key intents" in billing.message


def test_one_lost_question_does_not_hold_a_key_intent():
    result = judge(golden_set(), [0])
    assert named(result, "worse_than_live_p[billing]").verdict is Verdict.PASSED
    assert result.verdict is Verdict.PASSED


def test_holm_counts_all_key_intents_so_that_a_fall_must_be_clearer_among_many():
    def p_value(n_key):
        golden = golden_of(
            {f"q{i}": {f"d{i}": 1} for i in range(N)},
            {f"q{i}": f"intent{i // 20}" for i in range(N)},
            [f"intent{i}" for i in range(n_key)],
        )
        return named(judge(golden, range(6)), "worse_than_live_p[intent0]").value

    assert p_value(10) == pytest.approx(10 * p_value(1))
    assert p_value(1) < 0.05 < p_value(10)


def test_non_inferiority_can_be_asked_of_each_key_intent():
    strict = FREE.model_copy(update={"intent_live_rule": "non_inferiority"})
    one_lost = judge(golden_set(), [0], settings=strict)
    assert named(one_lost, "candidate_minus_live_lower_bound[billing]").verdict is Verdict.INCONCLUSIVE
    assert named(one_lost, "candidate_minus_live_lower_bound[orders]").verdict is Verdict.PASSED
    many = judge(golden_set(), range(15), settings=strict)
    assert named(many, "candidate_minus_live_lower_bound[billing]").verdict is Verdict.FAILED


def test_key_intents_can_be_shown_only():
    result = judge(golden_set(), range(15), range(60, 80), FREE.model_copy(update={"intent_live_rule": "show"}))
    assert named(result, "candidate_minus_live[billing]").severity == "warning"
    assert not [m for m in result.measurements if m.name.startswith("worse_than_live_p")]


def test_a_key_intent_with_too_few_questions_is_not_tested_against_live():
    golden = golden_of(
        {f"q{i}": {f"d{i}": 1} for i in range(N)}, {f"q{i}": "refunds" if i < 19 else "" for i in range(N)}, ["refunds"]
    )
    result = judge(golden, range(10))
    assert named(result, "recall_at_k[refunds]").verdict is Verdict.INCONCLUSIVE
    assert not [m for m in result.measurements if m.name.startswith(("worse_than_live", "minimum_detectable_drop["))]


def test_a_key_intent_that_is_all_about_one_document_is_unknown_once_it_changed():
    golden = golden_of(
        {f"q{i}": {"d0" if i < 30 else f"d{i}": 1} for i in range(N)},
        {f"q{i}": "refunds" if i < 30 else "" for i in range(N)},
        ["refunds"],
    )
    assert named(judge(golden, []), "worse_than_live_p[refunds]").verdict is Verdict.PASSED
    changed = named(judge(golden, [0, 1]), "worse_than_live_p[refunds]")
    assert (changed.verdict, changed.value) == (Verdict.INCONCLUSIVE, None)
    assert "all queries that changed ask for one document" in changed.message
    for missed, by_live in (([], [0, 1]), ([0], []), ([0, 1], [2])):
        better = named(judge(golden, missed, by_live), "worse_than_live_p[refunds]")
        assert (better.verdict, better.value) == (Verdict.PASSED, 1.0)
    strict = FREE.model_copy(update={"intent_live_rule": "non_inferiority"})
    proved = named(judge(golden, [], [0, 1], strict), "candidate_minus_live_lower_bound[refunds]")
    assert (proved.verdict, proved.value) == (Verdict.PASSED, None)
    assert "No query got worse." in proved.message


@pytest.mark.parametrize("missed_by_live", [(), None])
def test_the_smallest_drop_that_can_be_seen_is_shown_overall_and_for_each_key_intent(missed_by_live):
    result = judge(golden_set(), [0, 3, 60], missed_by_live)
    drops = {m.name: m for m in result.measurements if m.name.startswith("minimum_detectable_drop")}
    assert drops.keys() == {f"minimum_detectable_drop{of}" for of in ("", "[billing]", "[orders]")}
    assert all(drop.severity == "warning" and 0 < drop.value <= 1 for drop in drops.values())
    assert drops["minimum_detectable_drop[billing]"].value > drops["minimum_detectable_drop"].value + 0.05
    assert ("Once a version" in drops["minimum_detectable_drop[billing]"].message) == (missed_by_live is None)


@pytest.mark.parametrize(
    ("intent", "drops", "rule", "about"),
    [
        ("", "minimum_detectable_drop", "candidate_minus_live_lower_bound", 0.042),
        ("billing", "minimum_detectable_drop[billing]", "worse_than_live_p[billing]", 0.15),
    ],
)
def test_a_true_drop_of_the_size_that_is_printed_is_held_four_times_in_five(intent, drops, rule, about):
    golden = golden_of({f"q{i}": {f"d{i}": 1} for i in range(N)}, {f"q{i}": intent for i in range(N)}, [intent])
    if intent:
        golden = GoldenSet("memory", golden.queries[:80], golden.judgements[:80])
    random, times = np.random.default_rng(5), 40
    drop = named(judge(golden, []), drops).value
    assert drop == pytest.approx(about, abs=0.01)
    candidates = [np.flatnonzero(random.random(len(golden.queries)) < drop) for _ in range(times)]
    held = sum(named(judge(golden, missed), rule).verdict is not Verdict.PASSED for missed in candidates)
    assert 0.65 <= held / times <= 0.95


def test_a_key_intent_on_too_few_documents_says_that_no_drop_can_be_shown():
    golden = golden_of(
        {f"q{i}": {f"d{i % 3 if i < 50 else i}": 1} for i in range(N)},
        {f"q{i}": "billing" if i < 50 else "orders" if i < 100 else "" for i in range(N)},
        ["billing", "orders"],
    )
    drop = named(judge(golden, []), "minimum_detectable_drop[billing]")
    assert drop.value is None
    assert drop.message.startswith("No drop in key intent billing, however large, can be shown beyond chance: its 50")


def test_where_even_an_equal_candidate_would_be_held_the_message_says_so():
    result = judge(golden_set(key_intents=()), range(0, 180, 2), range(1, 181, 2))
    drop = named(result, "minimum_detectable_drop")
    assert (drop.value, drop.verdict) == (0.0, Verdict.PASSED)
    assert drop.message.startswith("Even a candidate as good as live would be held 4 times in 5")


@pytest.mark.parametrize(("rule", "of"), [("live_rule", ""), ("intent_live_rule", "[billing]")])
def test_where_live_is_only_shown_no_drop_is_held_and_none_is_printed(rule, of):
    result = judge(golden_set(), [0], settings=FREE.model_copy(update={rule: "show"}))
    assert f"minimum_detectable_drop{of}" not in {m.name for m in result.measurements}


def against(golden: GoldenSet, missed, live: LiveAnswers, settings=FREE) -> GateResult:
    rankings = [["other"] if i in set(missed) else list(golden.qrels[q.query_id]) for i, q in enumerate(golden.queries)]
    candidate = measure_queries(golden, hits_of(rankings), k=5, zero_hit_similarity=0.25)
    documents = {judgement.doc_id for judgement in golden.judgements}
    return judge_recall(golden=golden, candidate=candidate, live=live, candidate_doc_ids=documents, settings=settings)


def perfect(golden: GoldenSet, k=5) -> QueryResults:
    rankings = [list(golden.qrels[query.query_id]) for query in golden.queries]
    return measure_queries(golden, hits_of(rankings), k=k, zero_hit_similarity=0.25)


def reworded(golden: GoldenSet, n: int) -> GoldenSet:
    queries = tuple(replace(query, text="other words") if i < n else query for i, query in enumerate(golden.queries))
    return replace(golden, queries=queries)


def test_one_edited_question_does_not_drop_the_comparison_with_live():
    golden = golden_set(key_intents=())
    result = against(reworded(golden, 1), range(1, N, 7), live_of(perfect(golden)))
    assert overall(result).n == N - 1
    assert overall(result).verdict is Verdict.FAILED
    assert named(result, "n_queries_asked_of_live").verdict is Verdict.PASSED


@pytest.mark.parametrize("change", ["reworded", "judged anew", "another k", "unknown"])
def test_a_live_version_that_was_not_asked_enough_of_the_same_questions_holds_the_candidate(change):
    golden = golden_set(key_intents=())
    asked, live = golden, live_of(perfect(golden, k=6 if change == "another k" else 5))
    if change == "reworded":
        asked = reworded(golden, 120)
    elif change == "judged anew":
        judgements = [replace(j, doc_id="elsewhere") if i < 120 else j for i, j in enumerate(golden.judgements)]
        asked = replace(golden, judgements=tuple(judgements))
    elif change == "unknown":
        live = replace(live, results=None)
    result = against(asked, [], live)
    n = named(result, "n_queries_asked_of_live")
    assert (result.verdict, n.verdict, n.threshold) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE, 100)
    assert n.value == (80 if change in ("reworded", "judged anew") else 0)
    assert "recall.live_rule" in n.advice
    assert "no live version" not in result.message
    shown = against(asked, [], live, FREE.model_copy(update={"live_rule": "show"}))
    assert shown.verdict is Verdict.PASSED
    assert "no live version" not in shown.message


def test_a_key_intent_whose_questions_were_all_edited_is_held_too():
    golden = golden_set()
    result = against(reworded(golden, 50), [], live_of(perfect(golden)))
    billing = named(result, "n_intent_queries_asked_of_live[billing]")
    assert (billing.value, billing.threshold, billing.verdict) == (0, 20, Verdict.INCONCLUSIVE)
    assert [m.name for m in result.failed_measurements] == [billing.name]


def test_questions_about_documents_that_live_does_not_have_do_not_hide_a_loss():
    golden, new = golden_set(key_intents=()), {f"d{i}" for i in range(180, N)}
    documents = {judgement.doc_id for judgement in golden.judgements}
    live = perfect(golden)
    result = against(golden, range(0, 180, 9), live_of(live, documents - new))
    assert (overall(result).n, overall(result).verdict) == (180, Verdict.FAILED)
    assert named(result, "n_queries_new_to_live").value == 20
    none = against(golden, [], live_of(live, []))
    assert none.verdict is Verdict.PASSED
    assert "Not compared with live: v1.0.0 has none of the documents that the questions ask for." in none.message


def test_a_key_intent_is_compared_on_what_live_can_answer_too():
    golden = golden_set()
    documents = {judgement.doc_id for judgement in golden.judgements} - {f"d{i}" for i in range(15)}
    result = against(golden, range(15, 30), live_of(perfect(golden), documents))
    billing = named(result, "worse_than_live_p[billing]")
    assert (billing.n, billing.verdict) == (35, Verdict.FAILED)


@pytest.mark.parametrize(
    ("missed", "value", "advice"),
    [((), 1.0, "slipped into the documents"), (range(100, 150), 0.0, "ids of documents changed")],
)
def test_a_slice_that_became_perfect_or_hopeless_is_flagged_and_does_not_hold(missed, value, advice):
    result = judge(golden_set(key_intents=()), missed, [100, 101], FREE.model_copy(update={"live_rule": "show"}))
    flag = named(result, "recall_became_exact[search]")
    assert (flag.value, flag.severity, flag.verdict) == (value, "warning", Verdict.INCONCLUSIVE)
    assert f"Recall@5 of intent search is exactly {value:g} and was 0.960 on live (50 queries)." in flag.message
    assert advice in flag.message
    assert result.verdict is Verdict.PASSED
    assert f"Warning: {flag.message}" in result.message
    assert "Do not promote" not in result.message


def test_a_slice_that_was_perfect_before_is_not_flagged():
    result = judge(golden_set(), [], [])
    assert not [m for m in result.measurements if m.name.startswith("recall_became_exact")]


MISSES = st.sets(st.integers(0, 119), max_size=40)


def verdicts(golden: GoldenSet, candidate_misses, live_misses) -> dict[str, tuple]:
    """What is judged against live, for answers given by query id."""

    def measured(misses):
        rankings = [["other"] if q.query_id in misses else list(golden.qrels[q.query_id]) for q in golden.queries]
        return measure_queries(golden, hits_of(rankings), k=5, zero_hit_similarity=0.25)

    result = judge_recall(
        golden=golden,
        candidate=measured(candidate_misses),
        live=live_of(measured(live_misses)),
        candidate_doc_ids={judgement.doc_id for judgement in golden.judgements},
        settings=SETTINGS,
    )
    judged = [
        m for m in result.measurements if m.severity == "critical" and m.name not in ("n_queries", "zero_hit_rate")
    ]
    return {m.name: (m.verdict, None if m.value is None else round(m.value, 9)) for m in judged}


@given(missed=MISSES, missed_by_live=MISSES, random=st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_no_order_and_no_name_and_no_copy_of_questions_changes_a_verdict(missed, missed_by_live, random):
    golden = golden_set(120, per_document=2)
    now, then = ({f"q{i}" for i in misses} for misses in (missed, missed_by_live))
    expected = verdicts(golden, now, then)

    queries = list(golden.queries)
    random.shuffle(queries)
    assert verdicts(GoldenSet("memory", tuple(queries), golden.judgements), now, then) == expected

    names = random.sample(range(1000), 120)
    renamed = tuple(Judgement(j.query_id, f"doc-{names[int(j.doc_id[1:])]}", 1) for j in golden.judgements)
    assert verdicts(GoldenSet("memory", golden.queries, renamed), now, then) == expected

    copies = tuple(Query(f"{q.query_id}-copy", q.text, q.intent, q.key_intent) for q in golden.queries)
    copied = tuple(Judgement(f"{j.query_id}-copy", j.doc_id, 1) for j in golden.judgements)
    doubled = GoldenSet("memory", golden.queries + copies, golden.judgements + copied)
    twice = verdicts(doubled, *({*misses, *(f"{q}-copy" for q in misses)} for misses in (now, then)))
    assert twice == expected
