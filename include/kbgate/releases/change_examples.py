"""What a batch does to the base version: how many documents of each kind, and a few of them by name."""

from collections.abc import Mapping
from typing import Any

from kbgate.releases.ledger import ChangePlan

NAMED_KINDS = ("added", "changed", "removed", "kept")
EXAMPLES = 50
LABEL_CHARS = 200


def change_examples(plan: ChangePlan, titles: Mapping[str, str]) -> dict[str, Any]:
    """Return `{kind: {"count", "examples": [{"doc_id", "title"}]}}`, the examples being the first 50 by id.

    The unchanged documents are only counted. Ids and titles are cut to 200 characters, so the result is small whatever
    the batch. `titles` is document id -> title; a document without one gets "".
    """
    named = {kind: _kind(getattr(plan, kind), titles) for kind in NAMED_KINDS}
    return {**named, "unchanged": {"count": len(plan.unchanged), "examples": []}}


def example_ids(plan: ChangePlan) -> list[str]:
    """Return the ids of the documents that are named, whose titles are wanted."""
    return [doc_id for kind in NAMED_KINDS for doc_id in getattr(plan, kind)[:EXAMPLES]]


def _kind(doc_ids: tuple[str, ...], titles: Mapping[str, str]) -> dict[str, Any]:
    examples = [
        {"doc_id": doc_id[:LABEL_CHARS], "title": titles.get(doc_id, "")[:LABEL_CHARS]} for doc_id in doc_ids[:EXAMPLES]
    ]
    return {"count": len(doc_ids), "examples": examples}
