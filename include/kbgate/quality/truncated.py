"""Documents that now end in the middle of what live has: the sign of an export that cuts long fields."""

import math
from collections.abc import Collection, Iterable
from hashlib import blake2b

import numpy as np
import pandas as pd

from kbgate.quality.held_measurement import hold_to_most
from kbgate.quality.id_places import id_places
from kbgate.quality.shares import limit_percent, percent
from kbgate.records import Document
from kbgate.results import Measurement
from kbgate.sections.quality import QualitySettings

NAME = "truncated_share"
REMAINS = 0.9
"""A document with more than this share of its former tokens is not looked at."""
SAME = 0.95
"""Share of the new text that must be the beginning of the old one."""
ALWAYS_ALLOWED = 2
"""Documents: an editor may take the last section off one or two."""
ADVICE = "Look whether the export cuts long texts, then run again. If the ends were taken off on purpose, raise the limit by pull request."
EXAMPLES = 3


def shorter_than_live(features: pd.DataFrame, live_ledger: pd.DataFrame | None) -> list[str]:
    """Return the documents that lost at least a tenth of their tokens since live; both frames have doc_id and n_tokens."""
    if live_ledger is None:
        return []
    places = id_places(features["doc_id"], live_ledger["doc_id"])
    known = np.flatnonzero(places >= 0)
    then, now = live_ledger["n_tokens"].to_numpy()[places[known]], features["n_tokens"].to_numpy()[known]
    return features["doc_id"].iloc[known[now < REMAINS * then]].tolist()


def find_truncated(documents: Iterable[Document], live_documents: Iterable[Document]) -> list[str]:
    """Return the ids of the documents whose text, white space aside, is hardly more than the beginning of live's.

    Both are walked once; what is kept of a text is the hash of its beginning.
    """
    beginnings: dict[str, tuple[int, int, bytes]] = {}
    for document in documents:
        text = "".join(document.text.split())
        if text:
            length = math.ceil(SAME * len(text))
            beginnings[document.doc_id] = len(text), length, _digest(text[:length])
    found = []
    for document in live_documents:
        then = "".join(document.text.split())
        n_chars, length, digest = beginnings.get(document.doc_id, (len(then), 0, b""))
        if n_chars < len(then) and _digest(then[:length]) == digest:
            found.append(document.doc_id)
    return sorted(found)


def measure_truncated(
    features: pd.DataFrame, live_ledger: pd.DataFrame | None, truncated: Collection[str], settings: QualitySettings
) -> Measurement:
    """Hold the share of the batch's documents known to live that were cut off to `max_truncated_share`.

    `truncated` is what `find_truncated` found among those of `shorter_than_live`. The limit never falls below two documents.
    """
    n = 0 if live_ledger is None else int((id_places(features["doc_id"], live_ledger["doc_id"]) >= 0).sum())
    if not n:
        return Measurement(name=NAME, value=None, n=0, message="The batch has no document that live has too.")
    value, limit = len(truncated) / n, max(settings.max_truncated_share, min(ALWAYS_ALLOWED / n, 1.0))
    such = f" (such as {', '.join(sorted(truncated)[:EXAMPLES])})" if truncated else ""
    message = (
        f"{percent(value)} of {n} documents are only the beginning of what live has{such}; "
        f"the limit is {limit_percent(limit)}."
    )
    return hold_to_most(NAME, value, limit, n, message, ADVICE)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
