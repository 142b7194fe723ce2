"""What a person does with a golden set: add a question with its evidence, anchor old spans, look at failed queries."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet, Judgement, Query
from kbgate.evaluation.golden_writer import add_question, open_for_writing, write_quotes
from kbgate.evaluation.leakage import find_leaked_queries
from kbgate.evaluation.provenance import Provenance
from kbgate.evaluation.query_duplicates import nearest_query
from kbgate.evaluation.query_text import comparable
from kbgate.evaluation.span_resolution import SpanState, one_line, resolve_span
from kbgate.golden_documents import SOURCE, documents_to_judge
from kbgate.records import Document, sha256_of
from kbgate.run import Run

NEAR_QUOTE = 0.7
"""A mistyped quote this like the document's words is answered with those words."""
ID_DIGITS = 8


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """What a person wants to add; one quote a document, or none for a judgement of whole documents."""

    text: str
    doc_ids: Sequence[str]
    quotes: Sequence[str]
    intent: str = ""
    key_intent: bool = False
    relevance: int = 1
    provenance: Provenance | None = None


def add(run: Run, new: NewQuestion) -> dict[str, Any]:
    """Check a question against the documents and the golden set, then write it; return what was written and warnings.

    Raises:
        UsageError: a document is not there, a quote is not in it just once, the question is there already, or the golden
            set is read-only.
    """
    golden = open_for_writing(_location(run))
    query, judgements, documents = _checked(run, golden, new)
    warnings = _doubts(run, golden, query, judgements, documents)
    add_question(golden, query, judgements)
    return {
        "query_id": query.query_id,
        "golden_set": golden.location,
        "judgements": [{"doc_id": j.doc_id, "start": j.start, "end": j.end} for j in judgements],
        "warnings": warnings,
    }


def anchor(run: Run) -> dict[str, Any]:
    """Write the quotes of the judgements that name a span only, from the documents; return how many, and which not.

    The spans must fit these texts, which nobody can check: do it for the version on which they were judged.

    Raises:
        UsageError: the golden set is read-only.
    """
    golden = open_for_writing(_location(run))
    bare = [j for j in golden.judgements if j.relevance > 0 and j.start is not None and j.quote is None]
    _, documents = documents_to_judge(run, golden)
    texts = {document.doc_id: document.text for document in documents}
    quotes = {j: texts.get(j.doc_id, "")[j.start : j.end] for j in bare}
    found = {j: quote for j, quote in quotes.items() if _is_found_again(texts.get(j.doc_id, ""), quote, j.start)}
    if found:
        write_quotes(golden, found)
    others = [f"{judgement.query_id} / {judgement.doc_id}" for judgement in bare if judgement not in found]
    return {"golden_set": golden.location, "n_written": len(found), "not_anchored": others}


def read_failed(path: str) -> dict[str, dict[str, Any]]:
    """Read failed production queries, one JSON object a line with `query`; return them by comparable text, most frequent first.

    Each has `query` and `count`, and whatever else its first line held (`retrieved`, `answer`).

    Raises:
        UsageError: the file cannot be read, or a line is not such an object.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} could not be read: {error}. Name a UTF-8 file of JSON lines.") from error
    found: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{path}, line {number}: not JSON ({error}).") from error
        if not isinstance(row, dict) or not isinstance(row.get("query"), str) or not comparable(row["query"]):
            raise UsageError(f'{path}, line {number}: an object with the text of a "query" is wanted: {line[:80]!r}.')
        kept = found.setdefault(comparable(row["query"]), {**row, "count": 0})
        kept["count"] += 1
    return dict(sorted(found.items(), key=lambda item: -item[1]["count"]))


def add_line(kb: str, text: str, intent: str, doc_id: str, quote: str) -> str:
    """The command that adds a failed production query with this evidence."""
    words = ["kbgate", "golden", "add", "--kb", kb, "--query", one_line(text), "--intent", intent]
    return shlex.join([*words, "--doc", doc_id, "--quote", quote, "--provenance", "production"])


def _location(run: Run) -> str:
    location = run.kb_settings.recall.golden_set
    if location is None:
        raise UsageError(f"kb.{run.kb}.recall.golden_set is not set. Name the folder that shall hold the golden set.")
    return location


def _checked(run: Run, golden: GoldenSet, new: NewQuestion) -> tuple[Query, list[Judgement], Mapping[str, Document]]:
    if not comparable(new.text):
        raise UsageError(f"--query is {new.text!r}; a question in users' words is wanted.")
    if new.key_intent and not new.intent:
        raise UsageError("--key-intent needs --intent: the intent that the question belongs to.")
    if not new.doc_ids or (new.quotes and len(new.quotes) != len(new.doc_ids)):
        raise UsageError(
            f"{len(new.doc_ids)} --doc and {len(new.quotes)} --quote were given. Give at least one --doc, and one --quote "
            "for each or none at all."
        )
    query_id = f"{one_line(new.intent).replace(' ', '-') or 'q'}-{sha256_of(comparable(new.text))[:ID_DIGITS]}"
    query = Query(query_id, one_line(new.text), one_line(new.intent), new.key_intent, new.provenance)
    _refuse_doubled(golden, query)
    asked = GoldenSet("", (query,), tuple(Judgement(query_id, doc_id, new.relevance) for doc_id in new.doc_ids))
    origin, found = documents_to_judge(run, asked)
    documents = {document.doc_id: document for document in found}
    missing = [doc_id for doc_id in new.doc_ids if doc_id not in documents]
    if missing:
        newer = (
            ""
            if origin == SOURCE
            else f" What the source has since is found once it was built: kbgate ingest --kb {run.kb}"
        )
        raise UsageError(f"{origin} has no document {', '.join(map(repr, missing))}. Give the id of one it has.{newer}")
    judgements = []
    for place, doc_id in enumerate(new.doc_ids):
        start = end = quote = None
        if new.quotes:
            quote = one_line(new.quotes[place])
            start, end = _span(documents[doc_id], quote)
        judgements.append(Judgement(query_id, doc_id, new.relevance, start, end, quote))
    if len(set(judgements)) < len(judgements):
        raise UsageError("The same evidence was given twice. Give each document and quote once.")
    return query, judgements, documents


def _refuse_doubled(golden: GoldenSet, query: Query) -> None:
    nearest = nearest_query(query.text, [other.text for other in golden.queries])
    if nearest is None or nearest.similarity < 1:
        return
    there = golden.queries[nearest.earlier]
    if there == query and not any(judgement.query_id == query.query_id for judgement in golden.judgements):
        return  # An earlier call was interrupted between the two files.
    raise UsageError(
        f"The question is there already as {there.query_id} in {golden.location}. Add evidence to its rows of qrels.tsv, or "
        "ask something else."
    )


def _is_found_again(text: str, quote: str, start: int | None) -> bool:
    """Whether a quote will stand: a span beyond the text, of blanks or from the middle of a word will not."""
    return resolve_span(text, quote, start, min_similarity=1).state is SpanState.UNCHANGED


def _span(document: Document, quote: str) -> tuple[int, int]:
    found = resolve_span(document.text, quote, None, min_similarity=1)
    if found.start is not None and found.end is not None:
        return found.start, found.end
    if found.state is SpanState.AMBIGUOUS:
        raise UsageError(f"{quote[:80]!r} stands more than once in {document.doc_id}. Quote more words around it.")
    near = resolve_span(document.text, quote, None, min_similarity=NEAR_QUOTE) if quote else found
    says = "" if near.start is None else f" It says: {one_line(document.text[near.start : near.end])!r}."
    raise UsageError(f"{quote[:80]!r} is not in {document.doc_id}.{says} Quote the document word for word.")


def _doubts(
    run: Run, golden: GoldenSet, query: Query, judgements: Sequence[Judgement], documents: Mapping[str, Document]
) -> list[str]:
    """What a person should look at, though it does not forbid the question."""
    settings, doubts = run.kb_settings.golden, []
    nearest = nearest_query(query.text, [other.text for other in golden.queries])
    if nearest is not None and settings.near_duplicate_similarity <= nearest.similarity < 1:
        doubts.append(f"It is nearly {golden.queries[nearest.earlier].query_id}: does it ask something new?")
    titled = {doc_id: f"{document.title}\n{document.text}" for doc_id, document in documents.items()}
    alone = GoldenSet("", (query,), tuple(judgements))
    similarity, min_bytes = settings.leak_similarity, settings.min_leak_bytes
    if find_leaked_queries(alone, titled, min_similarity=similarity, min_bytes=min_bytes):
        doubts.append("It is copied from the document, so any search finds it: would a user ask in these words?")
    return doubts
