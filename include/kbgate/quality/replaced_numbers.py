"""Documents with the words of live and other numbers: the sign of a wrong join, which leaves every sentence readable."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import pandas as pd

from kbgate.quality.held_measurement import hold_to_most
from kbgate.quality.id_places import id_places
from kbgate.quality.shares import limit_percent, percent
from kbgate.records import Document
from kbgate.results import Measurement
from kbgate.sections.quality import QualitySettings

NAME = "replaced_numbers_share"
EXAMINED = 2_000
"""Changed documents whose texts are compared, drawn by the hash of their ids; the share among them stands for all."""
MIN_REPLACED = 2
"""One number that differs is a correction."""
SAME_EDIT = 3
"""Documents in which one number became the same other one: an edit, such as a new price or year, and not counted."""
CONSISTENT = 0.9
"""Share of the documents in which a number changed that must have changed it in the same way to be such an edit."""
ALWAYS_ALLOWED = 2
"""Documents: an editor may correct a price list or two."""
ADVICE = (
    "Compare these numbers with the source: a wrong join or a shifted column does this. If they were changed on purpose, "
    "raise the limit by pull request."
)
EXAMPLES = 3
NUMBER = re.compile(r"\d+")

Change = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ReplacedNumbers:
    """What was found: `n_changed` documents are not as in live, `n_examined` of them were compared.

    `documents` maps those in which most numbers were replaced to one example, such as "30 -> 71".
    """

    n_changed: int = 0
    n_examined: int = 0
    documents: Mapping[str, str] = field(default_factory=dict)


def changed_since_live(features: pd.DataFrame, live_ledger: pd.DataFrame | None) -> list[str]:
    """Return the documents that live has with another content; both frames have doc_id and content_hash."""
    if live_ledger is None:
        return []
    places = id_places(features["doc_id"], live_ledger["doc_id"])
    known = np.flatnonzero(places >= 0)
    then, now = live_ledger["content_hash"].to_numpy()[places[known]], features["content_hash"].to_numpy()[known]
    return features["doc_id"].iloc[known[then != now]].tolist()


def draw_changed(doc_ids: Iterable[str]) -> list[str]:
    """Return at most 2,000 of the documents, the same ones whatever their order."""
    return sorted(doc_ids, key=lambda doc_id: blake2b(doc_id.encode("utf-8", "surrogatepass")).digest())[:EXAMINED]


def find_replaced_numbers(documents: Iterable[Document], live_documents: Iterable[Document]) -> dict[str, str]:
    """Return the documents whose text is live's but for its numbers, more than half of which are others; with an example.

    A number that became the same other one wherever it changed, in three documents or more, was edited on purpose.
    """
    now = {document.doc_id: _parted(document.text) for document in documents}
    changes: dict[str, list[Change]] = {}
    n_numbers: dict[str, int] = {}
    for document in live_documents:
        words, numbers = _parted(document.text)
        if document.doc_id in now and now[document.doc_id][0] == words:
            both = zip(numbers, now[document.doc_id][1], strict=True)
            changes[document.doc_id] = [(then, new) for then, new in both if then != new]
            n_numbers[document.doc_id] = len(numbers)
    edits = _edits(changes)
    found = {}
    for doc_id, pairs in sorted(changes.items()):
        replaced = [pair for pair in pairs if pair not in edits]
        if len(replaced) >= MIN_REPLACED and len(replaced) > n_numbers[doc_id] / 2:
            found[doc_id] = " -> ".join(replaced[0])
    return found


def measure_replaced_numbers(
    doc_ids: "pd.Series[str]", live_ledger: pd.DataFrame | None, replaced: ReplacedNumbers, settings: QualitySettings
) -> Measurement:
    """Hold the share of the batch's documents known to live whose numbers were replaced to `max_replaced_numbers_share`.

    The limit never falls below two documents.
    """
    n = 0 if live_ledger is None else int((id_places(doc_ids, live_ledger["doc_id"]) >= 0).sum())
    if not n:
        return Measurement(name=NAME, value=None, n=0, message="The batch has no document that live has too.")
    among = len(replaced.documents) / replaced.n_examined if replaced.n_examined else 0.0
    value = min(among * replaced.n_changed / n, 1.0)
    limit = max(settings.max_replaced_numbers_share, min(ALWAYS_ALLOWED / n, 1.0))
    examples = "; ".join(f"{doc_id}: {pair}" for doc_id, pair in sorted(replaced.documents.items())[:EXAMPLES])
    such = f" (such as {examples})" if examples else ""
    message = (
        f"{percent(value)} of {n} documents have the words of live but other numbers{such}; "
        f"the limit is {limit_percent(limit)}."
    )
    return hold_to_most(NAME, value, limit, n, message, ADVICE)


def _parted(text: str) -> tuple[bytes, list[str]]:
    """The hash of a text without its numbers and white space, and the numbers."""
    words = "".join(NUMBER.sub("0", text).split())
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest(), NUMBER.findall(text)


def _edits(changes: Mapping[str, list[Change]]) -> set[Change]:
    in_documents = Counter(pair for pairs in changes.values() for pair in set(pairs))
    of_number = Counter(then for pairs in changes.values() for then in {then for then, _ in pairs})
    return {pair for pair, n in in_documents.items() if n >= SAME_EDIT and n >= CONSISTENT * of_number[pair[0]]}
