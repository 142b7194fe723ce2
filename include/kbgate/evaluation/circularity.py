"""Judgements that a retriever under test made itself: it would be measured by its own opinion."""

from collections.abc import Collection
from dataclasses import dataclass

from kbgate.evaluation.golden_set import GoldenSet


@dataclass(frozen=True, slots=True)
class CircularJudgement:
    """A judgement whose provenance names `retriever`, which is one of those under test."""

    query_id: str
    doc_id: str
    retriever: str


def find_circular_judgements(golden: GoldenSet, under_test: Collection[str]) -> list[CircularJudgement]:
    """Return the judgements, of any grade, whose provenance is a retriever of `under_test` (model names, fingerprints).

    A judgement without a provenance has its question's. Names are compared without regard to case and to what stands
    before the last slash, so that `BAAI/bge-small` is `bge-small`.
    """
    names = {_name(name) for name in under_test if name}
    of_query = {query.query_id: query.provenance for query in golden.queries}
    found = []
    for judgement in golden.judgements:
        provenance = judgement.provenance or of_query[judgement.query_id]
        if provenance is not None and provenance.retriever and _name(provenance.retriever) in names:
            found.append(CircularJudgement(judgement.query_id, judgement.doc_id, provenance.retriever))
    return found


def _name(retriever: str) -> str:
    return retriever.strip().rstrip("/").rpartition("/")[2].casefold()
