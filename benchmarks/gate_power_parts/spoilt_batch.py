"""Put a fault of a given severity into a snapshot: which documents are hit changes with the trial, what happens to each does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from gate_power_parts.collection import Collection
from gate_power_parts.fault_kinds import FaultKind
from gate_power_parts.natural_changes import edited, touched, with_edits
from kbgate.records import Document

EDITED = 0.02
"""Every batch with a fault also brings some innocent edits, as a real one would."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One document gone wrong: what stands instead of it; nothing if it is lost. Without `doc_id` it comes in addition."""

    doc_id: str | None
    instead: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A snapshot to ingest, the one to ingest before (if the fault needs one), and the ids of what is spoilt."""

    documents: tuple[Document, ...]
    spoilt: frozenset[str]
    earlier: tuple[Document, ...] | None = None


def units(kind: FaultKind, collection: Collection) -> list[Unit]:
    """Everything that the fault can do to a collection, each document hit once: the same for every trial."""
    documents = list(collection.documents)
    if kind.of == "topic":
        key = collection.key_documents
        topic = max(sorted(key), key=lambda intent: len(key[intent])) if key else None
        return [Unit(document.doc_id, ()) for document in documents if topic and document.doc_id in key[topic]]
    if kind.tamper:
        return [Unit(document.doc_id, (touched(document),)) for document in documents]
    if kind.replays:
        return [
            Unit(document.doc_id, (collection.authored.get(document.doc_id) or edited(document, 0, documents),))
            for document in documents
        ]
    assert kind.spoil is not None, f"{kind.name} says nothing of what goes wrong"
    spoilt = kind.spoil(documents, Random(f"{kind.name} {collection.name}"), 1.0)
    known = {document.doc_id: document for document in documents}
    now = {document.doc_id: document for document in spoilt}
    added = [Unit(None, (document,)) for doc_id, document in now.items() if doc_id not in known]
    if added:
        return added
    lost = [Unit(doc_id, ()) for doc_id in known if doc_id not in now]
    return lost + [Unit(doc_id, (now[doc_id],)) for doc_id in now if now[doc_id] != known[doc_id]]


def spoilt_batch(
    kind: FaultKind, collection: Collection, possible: Sequence[Unit], severity: float, random: Random
) -> Batch:
    """Draw a batch; at least one document is hit (two if tables are tampered with, since one vector cannot be shifted)."""
    if kind.among_themselves:
        assert kind.spoil is not None, f"{kind.name} says nothing of what goes wrong"
        known = {document.doc_id: document for document in collection.documents}
        spoilt = kind.spoil(list(collection.documents), random, severity)
        return Batch(tuple(spoilt), frozenset(d.doc_id for d in spoilt if d != known.get(d.doc_id)))
    n_all = len(possible) if kind.of == "topic" else len(collection.documents)
    n = min(len(possible), max(2 if kind.tamper else 1, round(severity * n_all)))
    hit = random.sample(list(possible), n)
    instead = {unit.doc_id: unit.instead for unit in hit if unit.doc_id is not None}
    if kind.replays:
        earlier = tuple(document for d in collection.documents for document in instead.get(d.doc_id, (d,)))
        return Batch(collection.documents, frozenset(instead), earlier)
    ids = frozenset(instead)
    # A table fault hits the whole batch, so that innocent edits would be hit too.
    base = collection.documents if kind.tamper else tuple(with_edits(collection, random, EDITED, ids))
    documents = [document for d in base for document in instead.get(d.doc_id, (d,))]
    documents += [document for unit in hit if unit.doc_id is None for document in unit.instead]
    spoilt_ids = {document.doc_id for unit in hit for document in unit.instead}
    return Batch(tuple(documents), frozenset(spoilt_ids))
