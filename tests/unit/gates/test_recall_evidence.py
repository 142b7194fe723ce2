from collections.abc import Collection

import pytest

from golden_examples import golden_of, hits_of
from kbgate.evaluation.query_results import measure_queries
from kbgate.evaluation.recall_summary import RecallSummary, summarise_recall
from kbgate.gates.recall_evidence import check_evidence, count_queries
from kbgate.results import Measurement, Verdict
from kbgate.sections.recall import RecallSettings

SETTINGS = RecallSettings()


def summary(n: int, unjudged: Collection[int] = (), gone: Collection[int] = ()) -> RecallSummary:
    """n queries with a document each; every tenth is of the key intent refunds, the others of other."""
    golden = golden_of(
        {f"q{i}": {} if i in unjudged else {f"d{i}": 1} for i in range(n)},
        {f"q{i}": "other" if i % 10 else "refunds" for i in range(n)},
        ["refunds"],
    )
    hits = hits_of([[f"d{i}"] for i in range(n)])
    candidate = measure_queries(golden, hits, k=SETTINGS.k, zero_hit_similarity=SETTINGS.zero_hit_similarity)
    return summarise_recall(golden, candidate, None, {f"d{i}" for i in range(n) if i not in gone}, SETTINGS)


def evidence(*args, **kwargs) -> dict[str, Measurement]:
    return {m.name: m for m in check_evidence(summary(*args, **kwargs))}


def test_a_golden_set_that_the_candidate_can_answer_is_enough() -> None:
    found = evidence(100)
    assert set(found) == {"n_queries", "unjudged_share", "stale_share", "stale_share[refunds]"}
    assert {m.verdict for m in found.values()} == {Verdict.PASSED}
    assert not any(m.advice for m in found.values())


@pytest.mark.parametrize(("n", "verdict"), [(100, Verdict.PASSED), (99, Verdict.INCONCLUSIVE)])
def test_the_fewest_queries_wanted_are_enough_and_one_less_is_not(n: int, verdict: Verdict) -> None:
    found = count_queries(n, 100, "Too few.")
    assert (found.verdict, found.value, found.threshold, found.direction) == (verdict, n, 100, "min")
    assert (found.message == "Too few.") is (found.advice == "Add questions.") is (verdict is Verdict.INCONCLUSIVE)


def test_queries_that_cannot_be_measured_do_not_count_as_queries() -> None:
    found = evidence(102, unjudged=[1], gone=[2, 3])["n_queries"]
    assert (found.verdict, found.value) == (Verdict.INCONCLUSIVE, 99)
    assert "Only 99 of the 102 queries of memory can be measured" in found.message


def test_shares_at_their_limit_pass_and_one_query_more_is_too_little_evidence() -> None:
    at = evidence(120, unjudged=range(1, 7), gone=range(11, 17))
    assert (at["unjudged_share"].verdict, at["unjudged_share"].value) == (Verdict.PASSED, 0.05)
    assert (at["stale_share"].verdict, at["stale_share"].value) == (Verdict.PASSED, 0.05)
    beyond = evidence(120, unjudged=range(1, 8), gone=range(11, 18))
    assert beyond["unjudged_share"].verdict is beyond["stale_share"].verdict is Verdict.INCONCLUSIVE
    assert "(such as q1, q2, q3)" in beyond["unjudged_share"].message
    assert "(such as d11, d12, d13)" in beyond["stale_share"].message
    assert beyond["unjudged_share"].advice == "Judge them in qrels.tsv."


def test_a_key_intent_that_vanished_is_seen_although_it_is_few_of_all_queries() -> None:
    found = evidence(120, gone=[0])
    assert found["stale_share"].verdict is Verdict.PASSED
    refunds = found["stale_share[refunds]"]
    assert (refunds.verdict, refunds.value, refunds.n) == (Verdict.INCONCLUSIVE, pytest.approx(1 / 12), 12)
    assert "8.3 % of queries (at most 5.0 % is wanted) of key intent refunds" in refunds.message
