"""A knowledge base to try the gates on: live documents, material for natural changes, and a golden set."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from kbgate.locations import resolve
from kbgate.records import Document
from kbgate.sources.markdown import MarkdownSource

SAMPLE = "package://kbgate/sample/helpdesk"
MOST_DOCUMENTS = 300
MOST_QUERIES = 600
HELD_OUT = 0.06
"""Share of the documents that live does not have, so that a clean ingest can add them."""
KEY_INTENTS = 3
KEY_INTENT_QUERIES = 24
TOPIC_FIELDS = ("category", "topic", "source")
CHINESE = ("zh", "ja", "ko")
SEED = 20260101

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, golden set and what differs from the sample's settings.

    `documents` become live; `additions` are documents of the same kind that live lacks; `authored` holds later versions that
    people wrote, by doc_id. `queries` and `judgements` are the rows of the golden set's files; without queries the recall gate
    only warns. `embedder` is "real" (the shipped model) or "hashing" (words, for languages that model cannot read).
    """

    name: str
    documents: tuple[Document, ...]
    additions: tuple[Document, ...] = ()
    authored: dict[str, Document] = field(default_factory=dict)
    queries: tuple[Row, ...] = ()
    judgements: tuple[Row, ...] = ()
    embedder: str = "real"
    languages: tuple[str, ...] = ("en",)
    retrieved: int | None = None
    """Chunks retrieved for a question; None: as many as the clean collection needs."""

    @property
    def key_documents(self) -> dict[str, set[str]]:
        """Documents that the questions of each key intent need."""
        intents = {query["query_id"]: query["intent"] for query in self.queries if query.get("key_intent")}
        found: dict[str, set[str]] = defaultdict(set)
        for judgement in self.judgements:
            if judgement["query_id"] in intents:
                found[intents[judgement["query_id"]]].add(judgement["doc_id"])
        return dict(found)

    def write_golden_set(self, folder: Path) -> None:
        """Write `queries.jsonl` and `qrels.tsv`."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(query, ensure_ascii=False) for query in self.queries]
        (folder / "queries.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        columns = list(self.judgements[0])
        rows = ["\t".join(columns), *("\t".join(str(row[name]) for name in columns) for row in self.judgements)]
        (folder / "qrels.tsv").write_text("\n".join(rows) + "\n", "utf-8")


def sample_collection() -> Collection:
    """The sample help centre with its golden set; its delta's pages are later versions and additions."""
    documents = _pages(f"{SAMPLE}/base")
    known = {document.doc_id for document in documents}
    delta = _pages(f"{SAMPLE}/delta")
    folder = Path(resolve(f"{SAMPLE}/golden"))
    collection = Collection(
        name="sample",
        documents=tuple(documents),
        additions=tuple(document for document in delta if document.doc_id not in known),
        authored={document.doc_id: document for document in delta if document.doc_id in known},
        queries=tuple(_json_lines(folder / "queries.jsonl")),
        judgements=tuple(_judgements(folder / "qrels.tsv")),
        retrieved=8,
    )
    return _hold_out(collection)


def history_collection(name: str, before: Path, after: Path) -> Collection:
    """Two snapshots of one real help centre: what people changed between them makes natural ingests; it has no questions."""
    then, now = _pages(str(before)), {document.doc_id: document for document in _pages(str(after))}
    known = {document.doc_id for document in then}
    return Collection(
        name=name,
        documents=tuple(then),
        additions=tuple(document for doc_id, document in now.items() if doc_id not in known),
        authored={d.doc_id: now[d.doc_id] for d in then if d.doc_id in now and now[d.doc_id].text != d.text},
    )


def read_collection(folder: Path) -> Collection:
    """Read corpus.jsonl, queries.jsonl and qrels.tsv; at most the first 300 documents, and 600 questions spread over them.

    Where no question has an intent, the topics (category, topic, source, or the title where documents share titles) are the
    intents, and the three with most questions the key intents. A language other than English is embedded by hashed words.
    """
    rows = _json_lines(folder / "corpus.jsonl")[:MOST_DOCUMENTS]
    documents = tuple(
        Document(
            doc_id=str(row["doc_id"]),
            title=str(row.get("title") or ""),
            text=str(row.get("text") or ""),
            source_uri=folder.name,
            updated_at=row.get("updated_at"),
            lang=row.get("lang"),
            metadata={"category": _topic(row, rows)},
        )
        for row in rows
    )
    queries, judgements = _spread(
        _json_lines(folder / "queries.jsonl"),
        _judgements(folder / "qrels.tsv"),
        {document.doc_id: str(document.metadata["category"]) for document in documents},
    )
    language = _language(documents)
    collection = Collection(
        name=folder.name,
        documents=documents,
        queries=_with_key_intents(queries, judgements, documents),
        judgements=tuple(judgements),
        embedder="real" if language == "en" else "hashing",
        languages=(language,),
    )
    return _hold_out(collection)


def tiny_collection() -> Collection:
    """Sixty pages of the sample with two questions a page made of the page's own rare words; embedded by hashed words."""
    documents = _pages(f"{SAMPLE}/base")[:60]
    counts = Counter(word for document in documents for word in set(_words(document)))
    queries, judgements = [], []
    for document in documents:
        rare = sorted(set(_words(document)), key=lambda word: (counts[word], word))[:10]
        intent = str(document.metadata["category"])
        for turn in range(2):
            query_id = f"{document.doc_id}-{turn}"
            queries.append({"query_id": query_id, "text": " ".join(rare[turn::2]), "intent": intent})
            judgements.append({"query_id": query_id, "doc_id": document.doc_id, "relevance": 1})
    return _hold_out(
        Collection(
            name="tiny",
            documents=tuple(documents),
            queries=_with_key_intents(queries, judgements, documents),
            judgements=tuple(judgements),
            embedder="hashing",
        )
    )


def _pages(location: str) -> list[Document]:
    source = MarkdownSource({"path": resolve(location)})
    # Where a file lies on this machine is no part of a knowledge base.
    return [replace(row, source_uri=row.doc_id) for row in source.read() if isinstance(row, Document)]


def _json_lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


def _judgements(path: Path) -> list[Row]:
    header, *lines = path.read_text("utf-8").rstrip("\n").split("\n")
    columns = header.split("\t")
    return [dict(zip(columns, line.split("\t") + [""] * len(columns), strict=False)) for line in lines]


def _topic(row: Row, rows: Sequence[Row]) -> str:
    for name in TOPIC_FIELDS:
        if name in rows[0]:
            return str(row.get(name) or "")
    titles = Counter(str(other.get("title")) for other in rows)
    return str(row.get("title") or "") if len(titles) < len(rows) / 2 else ""


def _spread(
    queries: Sequence[Row], judgements: Sequence[Row], topics: Mapping[str, str]
) -> tuple[list[Row], list[Row]]:
    """Take questions that the documents can answer: all of the largest topics, else one of each document, then a second one."""
    kept = [judgement for judgement in judgements if judgement["doc_id"] in topics and int(judgement["relevance"]) > 0]
    first_document: dict[str, str] = {}
    for judgement in kept:
        first_document.setdefault(judgement["query_id"], judgement["doc_id"])
    counts = Counter(topics[doc_id] for doc_id in first_document.values() if topics[doc_id])
    whole = {topic for topic, _ in counts.most_common(KEY_INTENTS)}
    turn: Counter[str] = Counter()
    ranked = []
    for place, query in enumerate(queries):
        if query["query_id"] in first_document:
            document = first_document[query["query_id"]]
            turn[document] += 1
            ranked.append((0 if topics[document] in whole else turn[document], place))
    chosen = sorted(place for _, place in sorted(ranked)[:MOST_QUERIES])
    known = ("query_id", "text", "intent", "key_intent")
    found = [{name: queries[place][name] for name in known if name in queries[place]} for place in chosen]
    query_ids = {query["query_id"] for query in found}
    return found, [judgement for judgement in kept if judgement["query_id"] in query_ids]


def _with_key_intents(
    queries: Sequence[Row], judgements: Sequence[Row], documents: Iterable[Document]
) -> tuple[Row, ...]:
    topics = {document.doc_id: str(document.metadata.get("category", "")) for document in documents}
    of_query = {judgement["query_id"]: topics[judgement["doc_id"]] for judgement in reversed(judgements)}
    if not any(query.get("intent") for query in queries):
        queries = [{**query, "intent": of_query[query["query_id"]]} for query in queries]
    if any(query.get("key_intent") for query in queries):
        return tuple(queries)
    counts = Counter(query["intent"] for query in queries if query["intent"])
    key = {intent for intent, n in counts.most_common(KEY_INTENTS) if n >= KEY_INTENT_QUERIES}
    return tuple({**query, "key_intent": query["intent"] in key} for query in queries)


def _hold_out(collection: Collection) -> Collection:
    """Keep some documents, none that a key intent needs, from live; questions that only they answer are left out."""
    needed = {doc_id for doc_ids in collection.key_documents.values() for doc_id in doc_ids}
    free = [document for document in collection.documents if document.doc_id not in needed]
    n = min(len(free), round(HELD_OUT * len(collection.documents)))
    held = {document.doc_id for document in Random(SEED).sample(free, n)}
    judgements = tuple(row for row in collection.judgements if row["doc_id"] not in held)
    judged = {row["query_id"] for row in judgements}
    return replace(
        collection,
        documents=tuple(document for document in collection.documents if document.doc_id not in held),
        additions=(*collection.additions, *(d for d in collection.documents if d.doc_id in held)),
        queries=tuple(query for query in collection.queries if query["query_id"] in judged),
        judgements=judgements,
    )


def _language(documents: Sequence[Document]) -> str:
    """ "zh" where most letters are Chinese, else the language that the documents name, else English."""
    text = "".join(document.text for document in documents[:50])
    if sum("\u3400" <= character <= "\u9fff" for character in text) > len(text) / 3:
        return "zh"
    named = Counter(document.lang for document in documents if document.lang)
    return named.most_common(1)[0][0].split("-")[0] if named else "en"


def _words(document: Document) -> list[str]:
    return [word for word in document.text.lower().split() if word.isalpha() and len(word) > 3]
