"""Failed queries that the golden set lacks, with the evidence that live would give for them."""

import json
from collections.abc import Callable

import pytest

from kbgate.evaluation.golden_set import load_golden_set
from kbgate.golden_review import FailedQuery, review_failed
from small_kb import SmallKb, doc_id, own_words

Review = Callable[..., list[FailedQuery]]


@pytest.fixture
def review(live_kb: SmallKb) -> Review:
    """Review these queries, which failed in production."""

    def review(*queries: str, limit: int = 20, n_candidates: int = 3) -> list[FailedQuery]:
        file = live_kb.folder / "failed.jsonl"
        file.write_text("".join(json.dumps({"query": query}) + "\n" for query in queries))
        return review_failed(live_kb.reader(), str(file), limit=limit, n_candidates=n_candidates)

    return review


def asked(number: int) -> str:
    """A question of a document's own words that is in no golden set."""
    words = own_words(number)
    return f"{words[5]} {words[0]} {words[2]}"


def test_what_a_golden_question_asks_already_is_left_out(live_kb: SmallKb, review: Review) -> None:
    known = load_golden_set(str(live_kb.folder / "golden")).queries[0].text
    assert [found.query for found in review(known, asked(7), f"{known.upper()}?!")] == [asked(7)]
    assert review(known) == []


def test_the_limit_counts_unknown_queries_and_keeps_the_most_frequent(live_kb: SmallKb, review: Review) -> None:
    known = load_golden_set(str(live_kb.folder / "golden")).queries[0].text
    found = review(known, known, known, asked(7), asked(8), asked(8), limit=1)
    assert [(query.query, query.count) for query in found] == [(asked(8), 2)]


def test_the_nearest_question_proposes_its_intent(review: Review) -> None:
    (found,) = review(asked(35))
    assert found.nearest is not None
    assert found.nearest[0].startswith("q35-")
    assert found.intent == "shipping"
    assert 0 < found.nearest_similarity < 1


def test_candidates_are_different_documents_best_first_quoted_word_for_word(live_kb: SmallKb, review: Review) -> None:
    live_kb.configure(recall={"k": 20})  # Several of the best chunks are of the same document.
    (found,) = review(asked(7))
    texts = {document["doc_id"]: document["text"] for document in live_kb.documents.values()}
    ids = [candidate.doc_id for candidate in found.candidates]
    assert ids[0] == doc_id(7)
    assert len(set(ids)) == len(ids) == 3
    similarities = [candidate.similarity for candidate in found.candidates]
    assert similarities == sorted(similarities, reverse=True)
    for candidate in found.candidates:
        assert texts[candidate.doc_id].count(candidate.quote) == 1
    assert len(review(asked(7), n_candidates=1)[0].candidates) == 1


def test_the_quote_is_the_sentence_that_is_most_like_the_query(live_kb: SmallKb, review: Review) -> None:
    sentences = [part if part.endswith(".") else f"{part}." for part in live_kb.documents[7]["text"].split(". ")]
    (found,) = review(f"why {sentences[1][:-1].lower()}")
    assert (found.candidates[0].doc_id, found.candidates[0].quote) == (doc_id(7), sentences[1])


def test_without_a_golden_set_every_query_is_unknown_and_has_no_neighbour(live_kb: SmallKb, review: Review) -> None:
    known = load_golden_set(str(live_kb.folder / "golden")).queries[0].text
    live_kb.settings_file.write_text(
        "\n".join(line for line in live_kb.settings_file.read_text().splitlines() if not line.startswith("golden_set"))
    )
    (found,) = review(known)
    assert (found.nearest, found.nearest_similarity, found.intent) == (None, 0.0, "")
    assert found.candidates[0].doc_id == doc_id(0)
