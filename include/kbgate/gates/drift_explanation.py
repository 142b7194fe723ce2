"""Why the drift gate failed: which documents, and by which words they are known."""

from collections.abc import Mapping, Sequence

from kbgate.drift.domain_classifier import DomainClassifierResult
from kbgate.results import GateResult

LISTED = 10
NAMED = 3
UNLIKE = 0.5
"""A document scored below it looks more like live than like the new material."""


def unlike_live(found: DomainClassifierResult) -> tuple[str, ...]:
    """The documents to show: at most ten that are more likely none of live's, most unlike first."""
    return tuple(document.doc_id for document in found.documents[:LISTED] if document.score >= UNLIKE)


def explain_drift(
    gate: GateResult, found: DomainClassifierResult, terms: Sequence[str], titles: Mapping[str, str]
) -> GateResult:
    """Add the documents most unlike live and their common terms to the details, and one sentence to the message."""
    shown = unlike_live(found)
    scores = {document.doc_id: document.score for document in found.documents}
    details = {
        "auc": round(found.auc, 4),
        "documents": [{"doc_id": name, "title": titles.get(name, ""), "score": scores[name]} for name in shown],
        "terms": list(terms),
    }
    if not shown:
        sentence = "A classifier finds no new document that stands apart from live."
    else:
        sentence = f"Most unlike live: {', '.join(shown[:NAMED])}{' and others' if len(shown) > NAMED else ''}"
        sentence += f"; their common terms: {', '.join(terms)}." if terms else "."
    return gate.model_copy(
        update={"message": f"{gate.message} {sentence}", "details": {**gate.details, "unlike_live": details}}
    )
