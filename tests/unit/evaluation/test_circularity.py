import pytest

from kbgate.evaluation.circularity import CircularJudgement, find_circular_judgements
from kbgate.evaluation.golden_set import GoldenSet, Judgement, Query
from kbgate.evaluation.provenance import Provenance

HUMAN, E5 = Provenance("human"), Provenance("retriever", "intfloat/multilingual-e5-small")


def golden(of_query: Provenance | None, of_judgement: Provenance | None) -> GoldenSet:
    judgement = Judgement("q", "a.md", 1, provenance=of_judgement)
    return GoldenSet("memory", (Query("q", "where", provenance=of_query),), (judgement,))


@pytest.mark.parametrize(
    "name", ["intfloat/multilingual-e5-small", "multilingual-E5-small", "/models/multilingual-e5-small/"]
)
def test_a_retriever_under_test_is_known_by_any_of_its_names(name: str) -> None:
    found = find_circular_judgements(golden(None, E5), {name, "another"})
    assert found == [CircularJudgement("q", "a.md", "intfloat/multilingual-e5-small")]


def test_a_judgement_without_provenance_has_its_questions() -> None:
    assert find_circular_judgements(golden(E5, None), {E5.retriever})
    assert not find_circular_judgements(golden(E5, HUMAN), {E5.retriever}), (
        "a person judged what the retriever proposed"
    )


@pytest.mark.parametrize("provenance", [None, HUMAN, Provenance("production"), Provenance("retriever", "bm25")])
def test_others_are_not_circular(provenance: Provenance | None) -> None:
    assert find_circular_judgements(golden(None, provenance), {E5.retriever, ""}) == []
