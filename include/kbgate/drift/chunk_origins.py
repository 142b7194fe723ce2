"""Where the chunks of two versions come from: added, changed or unchanged documents, or live ones that are no more."""

from collections.abc import Mapping

import numpy as np

from kbgate.drift.chunk_vectors import ChunkVectors

FRESH = ("added", "changed")
"""The origins of what a batch brings."""


def document_origins(now: Mapping[str, str], then: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the documents of each origin; `now` and `then` are document id -> content hash, of candidate and live.

    "live" holds what will be no more: documents that left, and changed ones for their former text; these are in
    "changed" as well, for their new one.
    """
    changed = {doc_id for doc_id in now.keys() & then.keys() if now[doc_id] != then[doc_id]}
    return {
        "added": now.keys() - then.keys(),
        "changed": changed,
        "live": (then.keys() - now.keys()) | changed,
        "unchanged": (now.keys() & then.keys()) - changed,
    }


def together(chosen: ChunkVectors, sample: ChunkVectors) -> ChunkVectors:
    """All chunks of some documents, and a sample's chunks of the other ones."""
    known = set(chosen.doc_ids)
    rest = sample.rows(np.array([doc_id not in known for doc_id in sample.doc_ids], dtype=np.bool_))
    return ChunkVectors(np.vstack([chosen.vectors, rest.vectors]), np.concatenate([chosen.doc_ids, rest.doc_ids]))
