"""Failed production queries that the golden set does not know, with what users would find, for a person to judge."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.errors import UsageError
from kbgate.evaluation.query_duplicates import nearest_query
from kbgate.evaluation.query_text import comparable
from kbgate.evaluation.span_resolution import one_line, resolve_span
from kbgate.golden_documents import searched_version
from kbgate.golden_questions import read_failed
from kbgate.records import Hits
from kbgate.run import Run
from kbgate.stages.check_golden_set import read_golden_set, version_documents

SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")


@dataclass(frozen=True, slots=True)
class CandidateEvidence:
    """A document that is found for a query; `quote` are the words of its best chunk that are most like the query."""

    doc_id: str
    similarity: float
    quote: str


@dataclass(frozen=True, slots=True)
class FailedQuery:
    """A failed query that is not in the golden set; `nearest` is the id and text of the question most like it in meaning.

    `intent` is that question's, as a proposal; `nearest_similarity` is the cosine of the two in [-1, 1].
    """

    query: str
    count: int
    nearest: tuple[str, str] | None
    nearest_similarity: float
    intent: str
    candidates: tuple[CandidateEvidence, ...]


def review_failed(run: Run, path: str, *, limit: int, n_candidates: int = 3) -> list[FailedQuery]:
    """Return the most frequent failed queries of a JSON Lines file that no golden question repeats, at most `limit`.

    Raises:
        UsageError: nothing was built, the version is of another model than the settings name, or the file is not as wanted.
    """
    version, golden = searched_version(run), read_golden_set(run)
    fingerprint = run.registry.version(run.kb, version).facts.fingerprint
    if fingerprint not in (None, run.embedder.fingerprint.digest):
        raise UsageError(
            f"{version} was embedded by another model than the settings name. Set the embedder that built it."
        )
    questions = golden.queries if golden else ()
    known = {comparable(question.text) for question in questions}
    failed = [row for form, row in read_failed(path).items() if form not in known][:limit]
    if not failed:
        return []
    vectors, _ = run.cached_embedder.embed_queries([row["query"] for row in failed])
    nearest: list[tuple[int, float]] = []
    if questions:
        others, _ = run.cached_embedder.embed_queries([question.text for question in questions])
        cosines = vectors @ others.T
        nearest = [(int(row.argmax()), float(row.max())) for row in cosines]
    hits = run.store.search(version, vectors, run.kb_settings.recall.k)
    texts = _chunk_texts(run, version, hits.doc_ids)
    found = []
    for place, row in enumerate(failed):
        like = questions[nearest[place][0]] if questions else None
        found.append(
            FailedQuery(
                query=row["query"],
                count=row["count"],
                nearest=(like.query_id, like.text) if like else None,
                nearest_similarity=nearest[place][1] if like else 0.0,
                intent=like.intent if like else "",
                candidates=_candidates(row["query"], hits, place, texts, n_candidates),
            )
        )
    return found


def _candidates(
    query: str, hits: Hits, row: int, texts: Mapping[str, tuple[str, str]], limit: int
) -> tuple[CandidateEvidence, ...]:
    """The best chunk of each of the first documents."""
    found: dict[str, CandidateEvidence] = {}
    for chunk_id, doc_id, similarity in zip(
        hits.chunk_ids[row], hits.doc_ids[row], hits.similarities[row], strict=True
    ):
        if chunk_id and doc_id not in found and len(found) < limit:
            chunk, document = texts[chunk_id]
            found[doc_id] = CandidateEvidence(doc_id, round(float(similarity), 4), _quote(query, chunk, document))
    return tuple(found.values())


def _quote(query: str, chunk: str, document: str) -> str:
    """The sentence of the chunk most like the query that stands only once in the document; else the whole chunk."""
    sentences = [one_line(part) for part in SENTENCE_END.split(chunk) if len(comparable(part)) > 1]
    nearest = nearest_query(query, sentences)
    first = [sentences[nearest.earlier]] if nearest else []
    for sentence in (*first, *sentences):
        if resolve_span(document, sentence, None, min_similarity=1).stands:
            return sentence
    return one_line(chunk)


def _chunk_texts(run: Run, version: str, doc_ids: NDArray[np.object_]) -> dict[str, tuple[str, str]]:
    """Text of each chunk of these documents, and its document's, by chunk id."""
    wanted, ledger = sorted(set(doc_ids.ravel()) - {""}), run.ledger(version)
    if ledger is None or not wanted:
        return {}
    documents = {document.doc_id: document.text for document in version_documents(run, ledger, wanted)}
    return {
        chunk["chunk_id"]: (chunk["text"], documents[chunk["doc_id"]])
        for batch in run.store.read(version, ["chunk_id", "doc_id", "text"], wanted)
        for chunk in batch.to_pylist()
    }
