import json

import pytest

from golden_examples import golden_of
from kbgate.evaluation.golden_set import GoldenSet, Judgement, Query, load_golden_set
from kbgate.evaluation.leakage import find_leaked_queries

TEXT = "Refunds\nIf you were charged twice, write to billing within thirty days. 退款會在十個工作天內退回您的信用卡。"


def asked(text: str, relevance: int = 1) -> GoldenSet:
    return GoldenSet("memory", (Query("q", text),), (Judgement("q", "refunds.md", relevance),))


def leaks(golden: GoldenSet, texts: dict[str, str] | None = None) -> list[float]:
    found = find_leaked_queries(golden, texts or {"refunds.md": TEXT}, min_similarity=0.9, min_bytes=24)
    return [leak.similarity for leak in found]


@pytest.mark.parametrize(
    "text",
    [
        "if you were CHARGED twice - write to billing",
        "退款會在十個工作天內退回您的信用卡",
        "charged twice,\nwrite to billing",
    ],
)
def test_a_question_that_stands_in_its_document_is_a_copy(text: str) -> None:
    assert leaks(asked(text)) == [1.0]


def test_a_copy_with_a_letter_changed_is_still_one() -> None:
    (similarity,) = leaks(asked("if you were charged thrice, write to billing"))
    assert 0.9 <= similarity < 1


@pytest.mark.parametrize(
    "text",
    ["they took my money two times, who do i ask", "charged twice", "退款", "within what time do refunds arrive"],
)
def test_users_words_and_search_words_are_none(text: str) -> None:
    assert leaks(asked(text)) == []


def test_only_documents_that_answer_are_looked_into() -> None:
    text = "if you were charged twice write to billing"
    assert leaks(asked(text, relevance=0)) == []
    assert leaks(asked(text), {"other.md": TEXT}) == []
    assert find_leaked_queries(golden_of({"q": {}}), {}, min_similarity=0.9, min_bytes=1) == []


@pytest.mark.parametrize(("name", "n"), [("covidqa_faq", 4), ("xquad_en", 15)])
def test_real_golden_sets_hold_few(shared_data, name: str, n: int) -> None:
    folder = shared_data / name
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    texts = {row["doc_id"]: f"{row.get('title', '')}\n{row['text']}" for row in rows}
    assert len(leaks(load_golden_set(str(folder)), texts)) == n
