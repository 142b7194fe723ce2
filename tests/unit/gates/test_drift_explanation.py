from kbgate.drift.domain_classifier import DomainClassifierResult, UnlikeDocument
from kbgate.gates.drift_explanation import explain_drift, unlike_live
from kbgate.results import GateResult, Verdict

GATE = GateResult(name="drift", verdict=Verdict.FAILED, message="Too much is new.", details={"kept": 1})


def found(*scores: float) -> DomainClassifierResult:
    return DomainClassifierResult(0.9, tuple(UnlikeDocument(f"d{i}", score) for i, score in enumerate(scores)))


def test_documents_and_terms_are_in_the_message_and_in_the_details() -> None:
    gate = explain_drift(GATE, found(0.99, 0.9, 0.8, 0.7, 0.2), ["pot", "salt"], {"d0": "Soup"})
    assert gate.message == "Too much is new. Most unlike live: d0, d1, d2 and others; their common terms: pot, salt."
    assert gate.details["kept"] == 1
    assert gate.details["unlike_live"]["documents"][0] == {"doc_id": "d0", "title": "Soup", "score": 0.99}
    assert len(gate.details["unlike_live"]["documents"]) == 4
    assert gate.verdict is Verdict.FAILED


def test_documents_that_look_more_like_live_are_not_accused() -> None:
    assert unlike_live(found(0.6, 0.4)) == ("d0",)
    gate = explain_drift(GATE, found(0.4, 0.3), [], {})
    assert gate.message.endswith("A classifier finds no new document that stands apart from live.")


def test_without_terms_the_sentence_ends_after_the_documents() -> None:
    assert explain_drift(GATE, found(0.6), [], {}).message.endswith("Most unlike live: d0.")
