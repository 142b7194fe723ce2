import pytest

from kbgate.evaluation.evidence import DOCUMENT_GONE, WHOLE_DOCUMENT, Evidence, resolve_evidence
from kbgate.evaluation.golden_set import GoldenSet, Judgement, Query
from kbgate.evaluation.span_resolution import SpanState

REFUND = "Refunds take five working days to arrive."
TEXTS = {"refund.md": f"Money back. {REFUND} Ask us.", "card.md": "Replace the card under Billing."}


def evidence(*judgements: Judgement, texts: dict[str, str] = TEXTS, key: bool = False) -> Evidence:
    queries = tuple(
        Query(query_id, f"text of {query_id}", "billing", key)
        for query_id in dict.fromkeys(j.query_id for j in judgements)
    )
    return resolve_evidence(GoldenSet("memory", queries, judgements), texts, min_similarity=0.9)


def test_each_judgement_has_its_state() -> None:
    found = evidence(
        Judgement("q1", "refund.md", 1, 12, 12 + len(REFUND), REFUND),
        Judgement("q2", "refund.md", 1, 0, len(REFUND), REFUND),
        Judgement("q3", "refund.md", 2, None, None, "Refunds take six working days to arrive."),
        Judgement("q4", "card.md", 1),
        Judgement("q5", "gone.md", 1, 0, 4, "text"),
        Judgement("q6", "card.md", 1, 0, 7),
        Judgement("q7", "card.md", 1, 0, 7, "Cards are never replaced."),
        Judgement("q8", "card.md", 0, 0, 7, "Cards are never replaced."),
    )
    assert [state.state for state in found.states] == [
        SpanState.UNCHANGED,
        SpanState.MOVED,
        SpanState.EDITED,
        WHOLE_DOCUMENT,
        DOCUMENT_GONE,
        WHOLE_DOCUMENT,
        SpanState.LOST,
    ]
    assert found.count(WHOLE_DOCUMENT) == 2
    assert found.n_unanchored == 1
    assert [query.query_id for query in found.stale] == ["q5", "q7"]


def test_a_stale_question_is_told_with_its_reason_and_documents() -> None:
    (gone,) = evidence(Judgement("q1", "gone.md", 1), key=True).stale
    assert (gone.reason, gone.intent, gone.key_intent) == ("the document is gone (gone.md)", "billing", True)
    twice = {"refund.md": f"{REFUND} And once more: {REFUND}"}
    (doubled,) = evidence(Judgement("q1", "refund.md", 1, 900, 941, REFUND), texts=twice).stale
    assert doubled.reason == "the quoted words stand in several places of the document (refund.md)"
    both = evidence(Judgement("q1", "gone.md", 1), Judgement("q1", "card.md", 1, 0, 9, "Nothing of the kind."))
    assert both.stale[0].reason == (
        "the document is gone (gone.md); the document no longer holds the quoted words or anything near them (card.md)"
    )


def test_one_judgement_that_stands_keeps_the_question() -> None:
    found = evidence(Judgement("q1", "gone.md", 1), Judgement("q1", "card.md", 1))
    assert found.stale == ()
    assert found.golden.health(TEXTS).partly_stale == ("q1",)


def test_one_quote_that_stands_keeps_the_document() -> None:
    lost = Judgement("q1", "refund.md", 1, 0, 9, "Cards are never replaced.")
    assert evidence(lost).lost_pairs == {("q1", "refund.md")}
    assert evidence(lost, Judgement("q1", "refund.md", 1, 12, 53, REFUND)).lost_pairs == frozenset()
    assert evidence(Judgement("q1", "gone.md", 1, 0, 9, "x")).lost_pairs == frozenset(), "health knows what is gone"


@pytest.mark.parametrize("texts", [{}, TEXTS])
def test_a_question_without_a_relevant_judgement_is_not_stale(texts: dict[str, str]) -> None:
    found = evidence(Judgement("q1", "card.md", 0), texts=texts)
    assert found.stale == ()
    assert found.golden.health(texts).unjudged == ("q1",)


def test_stale_questions_are_those_that_health_calls_stale() -> None:
    found = evidence(
        Judgement("q1", "gone.md", 1),
        Judgement("q2", "card.md", 1, 0, 9, "Nothing of the kind."),
        Judgement("q3", "card.md", 1),
    )
    golden = GoldenSet("memory", found.golden.queries, found.golden.judgements, found.lost_pairs)
    assert golden.health(TEXTS).stale == tuple(query.query_id for query in found.stale) == ("q1", "q2")
    assert golden.content_hash == found.golden.content_hash


def test_what_is_not_relevant_enough_is_no_evidence() -> None:
    judgements = (Judgement("q1", "gone.md", 2), Judgement("q1", "card.md", 1))
    golden = GoldenSet("memory", (Query("q1", "text"),), judgements)
    found = [resolve_evidence(golden, TEXTS, min_similarity=0.9, min_relevance=grade) for grade in (1, 2)]
    assert [len(each.states) for each in found] == [2, 1]
    assert [len(each.stale) for each in found] == [0, 1]
