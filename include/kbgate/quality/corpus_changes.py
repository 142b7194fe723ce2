"""Which share of live a candidate would lose or gain."""

from collections.abc import Collection, Sequence

import pandas as pd

from kbgate.quality.id_places import id_places
from kbgate.quality.suite_measurements import measure_share, needs_live
from kbgate.results import Measurement
from kbgate.sections.quality import QualitySettings

ADVICE = "If this is meant, raise the limit by pull request; if not, repair the export and run again."


def resulting_corpus(
    accepted: pd.DataFrame,
    live_ledger: pd.DataFrame | None,
    removed: Sequence[str],
    delivered: "Collection[str] | pd.Series[str]",
    *,
    is_delta: bool,
) -> pd.DataFrame | None:
    """Return what the candidate would hold (doc_id, n_tokens): live with the batch applied.

    A delta keeps every document but those `removed`, a snapshot only those `delivered` again. A document whose new row is
    quarantined keeps its live version in both.
    """
    new = accepted[["doc_id", "n_tokens"]]
    if live_ledger is None:
        return None if is_delta else new
    held = live_ledger["doc_id"]
    stays = id_places(held, removed) < 0 if is_delta else id_places(held, delivered) >= 0
    kept = live_ledger.loc[stays & (id_places(held, new["doc_id"]) < 0), ["doc_id", "n_tokens"]]
    return pd.concat([kept, new], ignore_index=True) if len(kept) else new


def measure_corpus_changes(
    live_ids: "pd.Series[str] | None", corpus_ids: "pd.Series[str] | None", settings: QualitySettings
) -> list[Measurement]:
    """Documents lost and documents added, each relative to the number of documents in live.

    `corpus_ids` is what the candidate would hold.
    """
    if live_ids is None or corpus_ids is None or live_ids.empty:
        lost, added = "The share of lost documents", "The share of new documents"
        return [needs_live("lost_share", lost), needs_live("added_share", added)]
    n_lost = int((id_places(live_ids, corpus_ids) < 0).sum())
    n_added = int((id_places(corpus_ids, live_ids) < 0).sum())
    n_live = len(live_ids)
    return [
        measure_share(
            "lost_share", n_lost, n_live, settings.max_lost_share, "of live's documents would be lost", ADVICE
        ),
        measure_share("added_share", n_added, n_live, settings.max_added_share, "of live's size is new", ADVICE),
    ]
