"""Questions with known answers, read from a folder with `queries.jsonl` and `qrels.tsv`.

`queries.jsonl`: one object a line with query_id and text; intent, key_intent and provenance may be left out.
`qrels.tsv`: a header and the columns query_id, doc_id and relevance; start, end, quote and provenance may be left out.
`provenance` is `human`, `production` or `retriever:<model or fingerprint>`.
"""

import difflib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import fsspec

from kbgate.errors import GoldenSetError, InfrastructureError
from kbgate.evaluation.provenance import Provenance
from kbgate.locations import resolve
from kbgate.records import sha256_of

QUERIES_FILE = "queries.jsonl"
QRELS_FILE = "qrels.tsv"
QUERY_KEYS = ("query_id", "text", "intent", "key_intent", "provenance")
REQUIRED_COLUMNS = ("query_id", "doc_id", "relevance")
SPAN_COLUMNS = ("start", "end")
OPTIONAL_COLUMNS = (*SPAN_COLUMNS, "quote", "provenance")


@dataclass(frozen=True, slots=True)
class Query:
    """A question in users' words; `intent` is what it is about, "" when it was not said."""

    query_id: str
    text: str
    intent: str = ""
    key_intent: bool = False
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well a document answers a query: 0 not at all, higher is better.

    `start` and `end` (characters of the document's text, end excluded) name the evidence, if it is known. `quote` is what
    stood there when it was judged, on one line: by it the evidence is found again once the document was edited.
    """

    query_id: str
    doc_id: str
    relevance: int
    start: int | None = None
    end: int | None = None
    quote: str | None = None
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class GoldenSetHealth:
    """What of a golden set can still be measured; every field but the counts is a tuple of ids.

    `unjudged`: queries without a relevant document. `stale`: queries whose relevant documents are all gone or lost their
    evidence. `partly_stale`: queries that lost some of them. `vanished_documents`: the documents concerned.
    """

    n_queries: int
    unjudged: tuple[str, ...]
    stale: tuple[str, ...]
    partly_stale: tuple[str, ...]
    vanished_documents: tuple[str, ...]
    queries_per_intent: dict[str, int]


@dataclass(frozen=True)
class GoldenSet:
    """Queries in the order of their file, and all judgements.

    `lost_evidence` is not part of the files: pairs (query_id, doc_id) whose document no longer says what was judged.
    """

    location: str
    queries: tuple[Query, ...]
    judgements: tuple[Judgement, ...]
    lost_evidence: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of what is asked and judged, whatever the order of lines and the line ends."""
        queries = sorted(self.queries, key=lambda query: query.query_id)
        judgements = sorted(
            self.judgements, key=lambda j: (j.query_id, j.doc_id, j.start or 0, j.end or 0, j.quote or "")
        )
        return sha256_of([[_hashed(query) for query in queries], [_hashed(judgement) for judgement in judgements]])

    @cached_property
    def qrels(self) -> dict[str, dict[str, int]]:
        """Relevant documents of each query with their grades (> 0), best first; a query without any has an empty dict."""
        grades: dict[str, dict[str, int]] = {query.query_id: {} for query in self.queries}
        for judgement in sorted(self.judgements, key=lambda judgement: -judgement.relevance):
            if judgement.relevance > 0:
                grades[judgement.query_id][judgement.doc_id] = judgement.relevance
        return grades

    def relevant_from(self, grade: int) -> "GoldenSet":
        """The same queries with only the judgements of at least a grade: what recall counts as relevant. Its hash differs."""
        return replace(self, judgements=tuple(j for j in self.judgements if j.relevance >= grade))

    @cached_property
    def key_intent_documents(self) -> dict[str, set[str]]:
        """Key intent -> documents that answer its queries."""
        documents: dict[str, set[str]] = {intent: set() for intent in self.key_intents}
        for query in self.queries:
            if query.intent in documents:
                documents[query.intent].update(self.qrels[query.query_id])
        return documents

    @cached_property
    def evidence(self) -> dict[str, tuple[tuple[str, int, int], ...]]:
        """Spans (doc_id, start, end) of the relevant judgements that name one, by query."""
        spans: dict[str, tuple[tuple[str, int, int], ...]] = {query.query_id: () for query in self.queries}
        for judgement in self.judgements:
            if judgement.relevance > 0 and judgement.start is not None and judgement.end is not None:
                spans[judgement.query_id] += ((judgement.doc_id, judgement.start, judgement.end),)
        return spans

    @cached_property
    def key_intents(self) -> frozenset[str]:
        """Intents that at least one of their queries calls a key intent; all their queries count as such."""
        return frozenset(query.intent for query in self.queries if query.key_intent)

    def health(self, candidate_doc_ids: Collection[str]) -> GoldenSetHealth:
        """Compare the judgements with the documents that the candidate holds, and with what is known of their evidence."""
        present, without = set(candidate_doc_ids), self.lost_evidence
        lost = {q: [d for d in docs if d not in present or (q, d) in without] for q, docs in self.qrels.items()}
        return GoldenSetHealth(
            n_queries=len(self.queries),
            unjudged=tuple(query_id for query_id, docs in self.qrels.items() if not docs),
            stale=tuple(q for q, docs in self.qrels.items() if docs and len(lost[q]) == len(docs)),
            partly_stale=tuple(q for q, docs in self.qrels.items() if 0 < len(lost[q]) < len(docs)),
            vanished_documents=tuple(sorted({doc for docs in lost.values() for doc in docs})),
            queries_per_intent=dict(sorted(Counter(query.intent for query in self.queries).items())),
        )


def load_golden_set(location: str) -> GoldenSet:
    """Read a golden set from a folder: a local path, `package://…` or any fsspec URL.

    Keys and columns that kbgate does not know are left out, unless they look like a misspelt one that it knows.

    Raises:
        GoldenSetError: a file is missing or malformed; the message names file and line.
        InfrastructureError: the disk or server did not answer.
    """
    queries: dict[str, Query] = {}
    place = _Place(location, QUERIES_FILE)
    for place.line, line in _lines(location, QUERIES_FILE):
        query = _query(line, place)
        if query.query_id in queries:
            raise place.error(f"the query_id {query.query_id!r} is there a second time. Give each question its own.")
        queries[query.query_id] = query
    return GoldenSet(location, tuple(queries.values()), tuple(_judgements(location, queries)))


def _hashed(row: Query | Judgement) -> dict[str, Any]:
    """Fields that a golden set need not have count only if they are there: old sets keep their hash."""
    return {name: value for name, value in asdict(row).items() if value or name not in ("quote", "provenance")}


@dataclass
class _Place:
    """File and line that an error names."""

    location: str
    file: str
    line: int = 1

    def error(self, found: str) -> GoldenSetError:
        return GoldenSetError(f"{self.location.rstrip('/')}/{self.file}, line {self.line}: {found}")


def _lines(location: str, name: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank with their 1-based numbers."""
    try:
        filesystem, folder = fsspec.core.url_to_fs(resolve(location))
        content = bytes(filesystem.cat_file(f"{folder.rstrip('/')}/{name}"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GoldenSetError(
            f"The golden set {location} has no {name}. It is a folder with {QUERIES_FILE} and {QRELS_FILE}; "
            "correct recall.golden_set, or let `kbgate golden add` make it."
        ) from error
    except (OSError, ImportError, ValueError) as error:
        raise InfrastructureError(f"{name} of the golden set {location} could not be read: {error}.") from error
    # Bytes are split first: a text's own line separators (U+2028) do not end a line of the file.
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            decoded = line.rstrip(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            raise _Place(location, name, number).error(
                f"not UTF-8 ({error.reason}). Save the file as UTF-8."
            ) from error
        if decoded.strip():
            yield number, decoded


def _query(line: str, place: _Place) -> Query:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise place.error(f"not JSON ({error}). Write one JSON object a line.") from error
    if not isinstance(row, dict):
        raise place.error(f"a JSON object is wanted, found {line[:60]!r}.")
    _refuse_misspelt(row, QUERY_KEYS, place)
    key_intent = row.get("key_intent", False)
    if not isinstance(key_intent, bool):
        raise place.error(f"key_intent is {key_intent!r}; true or false is wanted, without quotes.")
    intent = "" if row.get("intent") is None else _string(row, "intent", place)
    if key_intent and not intent:
        raise place.error("key_intent is true but there is no intent. Name the intent that the question belongs to.")
    given = "" if row.get("provenance") is None else _string(row, "provenance", place)
    provenance = _provenance(given, place)
    return Query(_string(row, "query_id", place), _string(row, "text", place), intent, key_intent, provenance)


def _string(row: Mapping[str, Any], key: str, place: _Place) -> str:
    if key not in row:
        raise place.error(f"there is no {key!r}, only {', '.join(sorted(map(repr, row))) or 'an empty object'}.")
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise place.error(f"{key} is {value!r}; a string that is not empty is wanted.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise place.error(f"{key} holds half of a surrogate pair, which no model can read: {value!r}.") from error
    return value


def _provenance(text: str, place: _Place) -> Provenance | None:
    try:
        return Provenance.read(text) if text else None
    except ValueError as error:
        raise place.error(f"{error}.") from error


def _refuse_misspelt(found: Collection[str], known: Sequence[str], place: _Place) -> None:
    """A misspelt optional name would be left out unnoticed, and a key intent would not be gated."""
    for name in sorted(set(found) - set(known)):
        meant = difflib.get_close_matches(name.strip().lower(), [k for k in known if k not in found], n=1, cutoff=0.85)
        if meant:
            raise place.error(f"{name!r} is not known. Is {meant[0]!r} meant?")


def _judgements(location: str, queries: Mapping[str, Query]) -> Iterator[Judgement]:
    place = _Place(location, QRELS_FILE)
    lines = _lines(location, QRELS_FILE)
    place.line, header = next(lines, (1, ""))
    columns = [column.strip() for column in header.split("\t")]
    _refuse_misspelt(columns, (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS), place)
    missing = [column for column in REQUIRED_COLUMNS if column not in columns]
    if missing or len(set(columns)) < len(columns):
        raise place.error(
            f"the header must name {', '.join(REQUIRED_COLUMNS)} (and may name {', '.join(OPTIONAL_COLUMNS)}) once each, "
            f"separated by tabs; found {header[:80]!r}."
        )
    grades: dict[tuple[str, str], int] = {}
    seen: set[Judgement] = set()
    for place.line, line in lines:
        judgement = _judgement(line, columns, place)
        pair = (judgement.query_id, judgement.doc_id)
        if judgement.query_id not in queries:
            raise place.error(
                f"{QUERIES_FILE} has no query {judgement.query_id!r}. Correct the id or add the question."
            )
        if judgement in seen or grades.setdefault(pair, judgement.relevance) != judgement.relevance:
            raise place.error(f"query {pair[0]!r} and document {pair[1]!r} were judged before. Keep one judgement.")
        seen.add(judgement)
        yield judgement


def _judgement(line: str, columns: Sequence[str], place: _Place) -> Judgement:
    cells = line.split("\t")
    if len(cells) > len(columns):
        raise place.error(f"{len(cells)} cells where the header has {len(columns)} columns: {line[:80]!r}.")
    row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
    for column in REQUIRED_COLUMNS:
        if not row.get(column):
            raise place.error(f"{column} is empty: {line[:80]!r}.")
    relevance = _whole_number(row, "relevance", place)
    assert relevance is not None  # it is a required column
    start, end = (_whole_number(row, column, place) for column in SPAN_COLUMNS)
    if (start is None) != (end is None) or (start is not None and end is not None and start >= end):
        raise place.error(
            f"the span {start} to {end} is not one: give both start and end, start before end, or neither."
        )
    quote = " ".join(row.get("quote", "").split()) or None
    provenance = _provenance(row.get("provenance", ""), place)
    return Judgement(row["query_id"], row["doc_id"], relevance, start, end, quote, provenance)


def _whole_number(row: Mapping[str, str], column: str, place: _Place) -> int | None:
    text = row.get(column, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise place.error(f"{column} is {text!r}; a whole number of 0 or more is wanted.")
    return int(text)
