"""Which share of live a candidate would lose or gain."""

from collections.abc import Collection, Sequence

import pandas as pd

from kbgate.quality.held_measurement import hold_to_most
from kbgate.quality.id_places import id_places
from kbgate.quality.suite_measurements import measure_share, needs_live
from kbgate.results import Measurement
from kbgate.sections.quality import QualitySettings

ADVICE = "If this is meant, raise the limit by pull request; if not, repair the export and run again."
EXAMPLES = 3


def resulting_corpus(
    accepted: pd.DataFrame,
    live_ledger: pd.DataFrame | None,
    removed: Sequence[str],
    delivered: "Collection[str] | pd.Series[str]",
    *,
    is_delta: bool,
    keeps_missing: bool = False,
) -> pd.DataFrame | None:
    """Return what the candidate would hold (doc_id, n_tokens): live with the batch applied.

    A delta keeps every document but those `removed`, a snapshot only those `delivered` again, or all of them with
    `keeps_missing`. A document whose new row is quarantined keeps its live version in both.
    """
    new = accepted[["doc_id", "n_tokens"]]
    if live_ledger is None:
        return None if is_delta else new
    held = live_ledger["doc_id"]
    stays = id_places(held, removed) < 0 if is_delta else (id_places(held, delivered) >= 0) | keeps_missing
    kept = live_ledger.loc[stays & (id_places(held, new["doc_id"]) < 0), ["doc_id", "n_tokens"]]
    return pd.concat([kept, new], ignore_index=True) if len(kept) else new


def measure_corpus_changes(
    live_ids: "pd.Series[str] | None",
    corpus_ids: "pd.Series[str] | None",
    settings: QualitySettings,
    n_missing_kept: int = 0,
) -> list[Measurement]:
    """Documents lost and documents added, each relative to the number of documents in live.

    `corpus_ids` is what the candidate would hold. The `n_missing_kept` of them that the batch should have delivered and did
    not count as lost: an export that broke off in the middle of a row is still an incomplete one.
    """
    if live_ids is None or corpus_ids is None or live_ids.empty:
        lost, added = "The share of lost documents", "The share of new documents"
        return [needs_live("lost_share", lost), needs_live("added_share", added)]
    n_lost = int((id_places(live_ids, corpus_ids) < 0).sum()) + n_missing_kept
    lost = "of live's documents are missing in the batch" if n_missing_kept else "of live's documents would be lost"
    n_added = int((id_places(corpus_ids, live_ids) < 0).sum())
    n_live = len(live_ids)
    return [
        measure_share("lost_share", n_lost, n_live, settings.max_lost_share, lost, ADVICE),
        measure_share("added_share", n_added, n_live, settings.max_added_share, "of live's size is new", ADVICE),
    ]


def measure_unknown_deletions(removed: Sequence[str], live_ids: "pd.Series[str] | None") -> list[Measurement]:
    """Warn of documents that a delta removes and live does not have; nothing without deletions or without live."""
    if not removed or live_ids is None:
        return []
    unknown = [doc_id for doc_id, place in zip(removed, id_places(removed, live_ids), strict=True) if place < 0]
    such = f" (such as {', '.join(unknown[:EXAMPLES])})" if unknown else ""
    message = f"Live does not have {len(unknown)} of the {len(removed)} documents that the delta removes{such}."
    advice = "Look whether the ids in the file of deletions are written as the documents' are."
    found = hold_to_most("unknown_deletions", len(unknown), 0, len(removed), message, advice)
    return [found.model_copy(update={"severity": "warning"})]


def measure_missing_kept(n_missing_kept: int, n_unidentified: int) -> list[Measurement]:
    """Warn of documents that are missing in a snapshot and stay, because rows without a readable id may be them."""
    if not n_missing_kept:
        return []
    message = (
        f"Live documents that are missing in the snapshot and not removed: {n_missing_kept}; "
        f"{n_unidentified} rows without a readable id may be among them."
    )
    advice = "Repair these rows; the next snapshot without such a row removes what it leaves out."
    found = hold_to_most("missing_kept", n_missing_kept, 0, n_missing_kept, message, advice)
    return [found.model_copy(update={"severity": "warning"})]
