import pytest

from golden_examples import golden_of, hits_of
from kbgate.evaluation.query_results import measure_queries
from kbgate.gates.recall import judge_recall
from kbgate.results import GateResult, Verdict
from kbgate.sections.recall import RecallSettings


def judge(n, missed, n_intents=1, key_intents=(), per_document=1, **settings) -> GateResult:
    """n queries; query i belongs to intent i mod n_intents."""
    chosen = RecallSettings(**settings)
    golden = golden_of(
        {f"q{i}": {f"d{i // per_document}": 1} for i in range(n)},
        {f"q{i}": f"intent{i % n_intents}" for i in range(n)},
        key_intents,
    )
    rankings = [["other"] if i in set(missed) else [f"d{i // per_document}"] for i in range(n)]
    return judge_recall(
        golden=golden,
        candidate=measure_queries(golden, hits_of(rankings), k=chosen.k, zero_hit_similarity=0.25),
        live=None,
        candidate_doc_ids={f"d{i}" for i in range(n)},
        settings=chosen,
    )


def named(result: GateResult, name: str):
    return next(m for m in result.measurements if m.name == name)


def test_by_the_point_rule_the_lower_bound_is_shown_and_does_not_decide():
    result = judge(100, range(12))
    bound = named(result, "recall_at_k_lower_bound")
    assert (bound.severity, bound.direction) == ("warning", "info")
    assert bound.value < 0.85 < named(result, "recall_at_k").value
    assert result.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("n_missed", "verdict"), [(9, Verdict.PASSED), (10, Verdict.INCONCLUSIVE), (16, Verdict.FAILED)]
)
def test_by_the_lower_bound_rule_91_of_100_pass_and_90_are_too_little_evidence(n_missed, verdict):
    result = judge(100, range(n_missed), rule="lower_bound")
    bound = named(result, "recall_at_k_lower_bound")
    assert result.verdict is verdict
    assert (bound.threshold, bound.direction) == (0.85, "min")
    assert (bound.verdict is Verdict.PASSED) == (bound.value >= 0.85)
    if verdict is Verdict.INCONCLUSIVE:
        assert f"Recall@5 is {bound.value:.3f} or more with 95 % confidence (one-sided); at least 0.85 is wanted." in (
            result.message
        )
        assert "Add questions." in result.message


def test_questions_that_share_documents_are_worth_fewer():
    # 240 questions, 95 % found: sure with a document each, not sure when ten share one.
    lost = range(10)
    assert judge(240, lost, rule="lower_bound").verdict is Verdict.PASSED
    assert judge(240, lost, per_document=10, rule="lower_bound").verdict is Verdict.INCONCLUSIVE


def test_a_bound_on_one_document_is_unknown():
    result = judge(120, [], per_document=120, rule="lower_bound")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "it rests on fewer than two documents" in result.message


def test_by_holm_a_key_intent_just_below_the_floor_is_chance_and_one_far_below_is_not():
    keys = [f"intent{i}" for i in range(10)]
    # 20 questions an intent; intent0 misses 4 (0.80), which the point rule fails.
    four, ten = range(0, 40, 10), range(0, 100, 10)
    assert judge(200, four, 10, keys).verdict is Verdict.FAILED
    result = judge(200, four, 10, keys, intent_rule="holm")
    assert result.verdict is Verdict.PASSED
    assert named(result, "recall_at_k[intent0]").severity == "warning"
    assert named(result, "below_floor_p[intent0]").value == 1.0
    result = judge(200, ten, 10, keys, intent_rule="holm")
    measured = named(result, "below_floor_p[intent0]")
    assert (measured.verdict, measured.direction, measured.threshold) == (Verdict.FAILED, "min", 0.05)
    assert "Recall@5 of key intent intent0 is 0.500 (n = 20" in measured.message
    assert "below the floor beyond chance of 0.85" in measured.message
    assert "after Holm over 10 key intents" in measured.message


def test_by_holm_a_key_intent_with_too_few_questions_stays_inconclusive():
    result = judge(190, [], 10, ["intent0"], intent_rule="holm")
    assert named(result, "recall_at_k[intent0]").verdict is Verdict.INCONCLUSIVE


def test_by_holm_a_key_intent_about_one_document_falls_back_to_the_point_rule():
    result = judge(200, range(200), 1, ["intent0"], per_document=200, intent_rule="holm")
    assert named(result, "recall_at_k[intent0]").verdict is Verdict.FAILED


def test_a_token_budget_names_the_measure():
    golden = golden_of({f"q{i}": {f"d{i}": 1} for i in range(120)})
    settings = RecallSettings(budget="tokens", budget_tokens=2000)
    answers = measure_queries(
        golden, hits_of([[f"d{i}"] for i in range(120)]), k=5, zero_hit_similarity=0.25, budget_tokens=2000
    )
    result = judge_recall(
        golden=golden, candidate=answers, live=None, candidate_doc_ids={f"d{i}" for i in range(120)}, settings=settings
    )
    assert result.message.startswith("Recall within 2000 tokens is 1.000")


def test_only_grades_that_are_high_enough_count_for_recall():
    golden = golden_of({f"q{i}": {f"d{i}": 2, f"e{i}": 1} for i in range(120)})
    hits = hits_of([[f"d{i}"] for i in range(120)])

    def recall(min_relevance):
        settings = RecallSettings(min_relevance=min_relevance)
        answers = measure_queries(golden, hits, k=5, zero_hit_similarity=0.25, min_relevance=min_relevance)
        ids = {judgement.doc_id for judgement in golden.judgements}
        result = judge_recall(golden=golden, candidate=answers, live=None, candidate_doc_ids=ids, settings=settings)
        return named(result, "recall_at_k").value, named(result, "ndcg_at_k").value

    assert recall(1)[0] == 0.5
    assert recall(2)[0] == 1.0
    assert recall(1)[1] == recall(2)[1] < 1


@pytest.mark.parametrize(("unrelated", "blind"), [(0.24, False), (0.25, True), (0.75, True)])
def test_a_zero_hit_limit_that_any_text_reaches_is_warned_of(unrelated, blind):
    golden = golden_of({f"q{i}": {f"d{i}": 1} for i in range(120)})
    answers = measure_queries(golden, hits_of([[f"d{i}"] for i in range(120)]), k=5, zero_hit_similarity=0.25)
    result = judge_recall(
        golden=golden,
        candidate=answers,
        live=None,
        candidate_doc_ids={f"d{i}" for i in range(120)},
        settings=RecallSettings(),
        unrelated_similarity=unrelated,
    )
    assert result.verdict is Verdict.PASSED
    assert named(result, "unrelated_similarity").value == unrelated
    assert ("the zero-hit rate sees nothing" in result.message) == blind
