"""Questions copied out of the documents that answer them: any retriever finds those, so they say nothing about users."""

from collections.abc import Mapping
from dataclasses import dataclass

from kbgate.evaluation.approximate_search import similarity_of
from kbgate.evaluation.golden_set import GoldenSet
from kbgate.evaluation.query_text import comparable


@dataclass(frozen=True, slots=True)
class LeakedQuery:
    """A question that stands in a document that answers it; `similarity` is 1.0 if it stands there word for word."""

    query_id: str
    doc_id: str
    similarity: float


def find_leaked_queries(
    golden: GoldenSet, texts: Mapping[str, str], *, min_similarity: float, min_bytes: int
) -> list[LeakedQuery]:
    """Look for each question in its relevant documents, letters and digits only, with at most 1 - `min_similarity` edited.

    Questions shorter than `min_bytes` of UTF-8 are search words rather than sentences and are left out; bytes, because a
    Chinese sentence has a third of the characters. `texts` holds title and text of the judged documents, by doc_id;
    documents that are not there are skipped. Similarity is 1 - edits / len(question).
    """
    comparable_texts: dict[str, str] = {}
    found = []
    for query in golden.queries:
        form = comparable(query.text)
        if len(form.encode()) < min_bytes:
            continue
        for doc_id in golden.qrels[query.query_id]:
            if doc_id not in texts:
                continue
            if doc_id not in comparable_texts:
                comparable_texts[doc_id] = comparable(texts[doc_id])
            similarity = similarity_of(form, comparable_texts[doc_id], min_similarity)
            if similarity:
                found.append(LeakedQuery(query.query_id, doc_id, similarity))
                break
    return found
