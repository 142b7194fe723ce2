"""Innocent changes between two ingests, as editors make them; a document has few possible edits, so their vectors are cached."""

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from gate_power_parts.collection import Collection
from kbgate.records import Document

EDITS = 3
"""Different edits of one document."""
EDITED = (0.02, 0.15)
ADDED = (0.0, 0.05)
REMOVED = (0.0, 0.02)
"""Shares of live's documents, drawn evenly between the two."""
TOUCHED_ALL = 0.05
"""Share of the ingests in which a change of the export's format touches every document's metadata."""
EDITED_ON = "2026-11-20"
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*\s*|\n+")
_NUMBER = re.compile(r"(?<![\w.,])[2-9]\d?(?![\w.,])")


def clean_ingest(collection: Collection, random: Random) -> list[Document]:
    """Return a snapshot in which some documents were edited, added and removed; none that a key intent needs is removed."""
    needed = {doc_id for doc_ids in collection.key_documents.values() for doc_id in doc_ids}
    documents = list(collection.documents)
    removable = [document.doc_id for document in documents if document.doc_id not in needed]
    n_removed = min(round(random.uniform(*REMOVED) * len(documents)), len(removable))
    removed = set(random.sample(removable, n_removed))
    snapshot = with_edits(collection, random, random.uniform(*EDITED))
    snapshot = [document for document in snapshot if document.doc_id not in removed]
    n_added = min(round(random.uniform(*ADDED) * len(documents)), len(collection.additions))
    snapshot += random.sample(collection.additions, n_added)
    return [touched(document) for document in snapshot] if random.random() < TOUCHED_ALL else snapshot


def with_edits(
    collection: Collection, random: Random, share: float, spare: frozenset[str] = frozenset()
) -> list[Document]:
    """Return live's documents, a share of them (at least one) edited; those in `spare` are not."""
    documents = list(collection.documents)
    places = [place for place, document in enumerate(documents) if document.doc_id not in spare]
    # Authored versions are all that a history has; elsewhere any document may be edited.
    if not collection.queries:
        places = [place for place in places if documents[place].doc_id in collection.authored] or places
        share *= 4
    for place in random.sample(places, min(len(places), max(1, round(share * len(documents))))):
        authored = collection.authored.get(documents[place].doc_id)
        documents[place] = authored or edited(documents[place], random.randrange(EDITS), documents)
    return documents


def touched(document: Document) -> Document:
    """Return the document with other metadata: it is ingested again, its text is the same."""
    return replace(document, metadata={**document.metadata, "export": "2"})


def edited(document: Document, number: int, others: Sequence[Document]) -> Document:
    """Return one of the document's few edits: a sentence dropped, taken over or moved, a number corrected, or two of these."""
    random = Random(f"{document.doc_id} {number}")
    topic = document.metadata.get("category")
    related = [o for o in others if o.doc_id != document.doc_id and o.metadata.get("category") == topic]
    neighbour = random.choice(sorted(related or others, key=lambda other: other.doc_id))
    sentences = _SENTENCE.findall(document.text)
    for change in random.sample((_drop, _take_over, _move, _correct_number), random.choice((1, 2))):
        sentences = change(sentences, neighbour, random)
    text = "".join(sentences).strip()
    if text == document.text.strip():
        text = "".join(_take_over(sentences, neighbour, random)).strip()
    return replace(document, text=text, updated_at=document.updated_at and EDITED_ON)


def _drop(sentences: list[str], neighbour: Document, random: Random) -> list[str]:
    if len(sentences) < 6:
        return sentences
    place = random.randrange(len(sentences))
    return sentences[:place] + sentences[place + 1 :]


def _take_over(sentences: list[str], neighbour: Document, random: Random) -> list[str]:
    offered = [s.strip() for s in _SENTENCE.findall(neighbour.text) if len(s.strip()) > 20] or [neighbour.title]
    place = random.randint(1, len(sentences)) if sentences else 0
    return [*sentences[:place], f"{random.choice(offered)} ", *sentences[place:]]


def _move(sentences: list[str], neighbour: Document, random: Random) -> list[str]:
    if len(sentences) < 4:
        return sentences
    moved = random.randrange(len(sentences))
    rest = sentences[:moved] + sentences[moved + 1 :]
    place = random.randint(0, len(rest))
    return [*rest[:place], sentences[moved], *rest[place:]]


def _correct_number(sentences: list[str], neighbour: Document, random: Random) -> list[str]:
    text = "".join(sentences)
    found = list(_NUMBER.finditer(text))
    if not found:
        return sentences
    chosen = random.choice(found)
    return [text[: chosen.start()], str(int(chosen[0]) + 1), text[chosen.end() :]]
