"""Faults of the whole batch: documents that are missing, doubled or added; same form as `text_faults`."""

from dataclasses import replace
from random import Random

from kbgate.records import Document
from kbgate.sample.passages import read_passages
from kbgate.sample.text_faults import Documents, shorten, some_of_topic

INCIDENT_EMPTY_SHARE = 0.15
INCIDENT_COPIES_SHARE = 0.032
INCIDENT_KEPT = 280 / 450
"""Mean tokens after and before the incident."""
REVIEWED = "Last reviewed by the support team."


def incident(documents: Documents, random: Random, share: float = INCIDENT_EMPTY_SHARE) -> Documents:
    """The incident's batch: a share of it without text, 3.2 % exact copies, all other texts cut from 450 to 280 tokens."""
    n_copies = round(INCIDENT_COPIES_SHARE * len(documents) / (1 - INCIDENT_COPIES_SHARE))
    n_empty = min(round(share * (len(documents) + n_copies)), len(documents) - n_copies)
    drawn = random.sample(documents, n_empty + n_copies)
    emptied, copied = {document.doc_id for document in drawn[:n_empty]}, drawn[n_empty:]
    full = [document for document in documents if document.doc_id not in emptied]
    # Which texts go empty moves the mean of the others; the cut makes up for it, so every seed gives the same mean.
    keep = INCIDENT_KEPT * _mean_chars(documents) / _mean_chars([*full, *copied])
    batch = [*full, *(_copy(document) for document in copied)]
    cut = [replace(document, text=shorten(document.text, keep)) for document in batch]
    return [*cut, *(replace(document, text="") for document in documents if document.doc_id in emptied)]


def exact_duplicates(documents: Documents, random: Random, share: float) -> Documents:
    """Some documents were exported twice, the second time under another name."""
    return [*documents, *(_copy(document) for document in _some(documents, random, share))]


def near_duplicates(documents: Documents, random: Random, share: float) -> Documents:
    """Some documents come a second time with a sentence added, so that no hash is the same."""
    copies = (_copy(document) for document in _some(documents, random, share))
    return [*documents, *(replace(copy, text=f"{copy.text}\n\n{REVIEWED}") for copy in copies)]


def lost_documents(documents: Documents, random: Random, share: float) -> Documents:
    """The export broke off: a share of the documents is missing, and it reported success."""
    lost = {document.doc_id for document in _some(documents, random, share)}
    return [document for document in documents if document.doc_id not in lost]


def doubled_growth(documents: Documents, random: Random, share: float) -> Documents:
    """The archive was exported as well: older editions of many documents, each with some paragraphs of today's."""
    old = [
        replace(
            document,
            doc_id=f"archive/{document.doc_id}",
            title=f"{document.title} (old edition)",
            text="\n\n".join(_some_paragraphs(document.text, random)),
        )
        for document in _some(documents, random, share)
    ]
    return [*documents, *old]


def foreign_topic(documents: Documents, random: Random, share: float) -> Documents:
    """New documents on cooking, the night sky and the like: good texts that no user of this help centre asks for."""
    passages = read_passages("foreign_topics")
    chosen = random.sample(passages, min(len(passages), round(share * len(documents))))
    return [*documents, *(_new("magazine", title, text) for title, text in chosen)]


def key_topic_deleted(documents: Documents, random: Random, share: float) -> Documents:
    """Pages of one key topic are gone, too few of all documents for the lost share to be exceeded."""
    gone = {document.doc_id for document in some_of_topic(documents, random, share)}
    return [document for document in documents if document.doc_id not in gone]


def stale_snapshot(documents: Documents, random: Random, share: float) -> Documents:
    """The export was read from an old backup: the newest documents are missing, the next newest lack their last paragraph."""
    n = round(share * len(documents))
    by_age = sorted(documents, key=lambda document: (document.updated_at or "", document.doc_id), reverse=True)
    missing = {document.doc_id for document in by_age[:n]}
    older = {document.doc_id for document in by_age[n : 2 * n]}
    return [
        _earlier(document) if document.doc_id in older else document
        for document in documents
        if document.doc_id not in missing
    ]


def _some(documents: Documents, random: Random, share: float) -> Documents:
    chosen = random.sample(range(len(documents)), round(share * len(documents)))
    return [documents[place] for place in sorted(chosen)]


def _mean_chars(documents: Documents) -> float:
    return sum(len(document.text) for document in documents) / len(documents)


def _copy(document: Document) -> Document:
    stem = document.doc_id.removesuffix(".md")
    return replace(document, doc_id=f"{stem}-copy.md", title=f"{document.title} (copy)")


def _some_paragraphs(text: str, random: Random) -> list[str]:
    paragraphs = text.split("\n\n")
    kept = random.sample(range(len(paragraphs)), max(1, round(0.6 * len(paragraphs))))
    return [paragraphs[place] for place in sorted(kept)]


def _earlier(document: Document) -> Document:
    text = "\n\n".join(document.text.split("\n\n")[:-1]) or document.text
    year, _, day = (document.updated_at or "2026-01-01").partition("-")
    return replace(document, text=text, updated_at=f"{int(year) - 1}-{day}")


def _new(category: str, title: str, text: str) -> Document:
    slug = "".join(character if character.isalnum() else "-" for character in title.lower())
    doc_id = f"{category}/{slug}.md"
    return Document(doc_id, title, text, doc_id, updated_at="2026-11-10", metadata={"category": category})
