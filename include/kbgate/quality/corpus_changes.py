"""Which share of live a candidate would lose or gain."""

from collections.abc import Sequence

import pandas as pd

from kbgate.quality.suite_measurements import measure_share, needs_live
from kbgate.results import Measurement
from kbgate.settings import QualitySettings

ADVICE = "If this is meant, raise the limit by pull request; if not, repair the export and run again."


def resulting_corpus(
    accepted: pd.DataFrame, live_ledger: pd.DataFrame | None, removed: Sequence[str], *, is_delta: bool
) -> pd.DataFrame | None:
    """Live with the batch applied (doc_id, n_tokens); a document quarantined in a delta keeps its live version."""
    new = accepted[["doc_id", "n_tokens"]]
    if not is_delta:
        return new
    if live_ledger is None:
        return None
    gone = live_ledger["doc_id"].isin(removed) | live_ledger["doc_id"].isin(new["doc_id"])
    return pd.concat([live_ledger.loc[~gone, ["doc_id", "n_tokens"]], new], ignore_index=True)


def measure_corpus_changes(
    live_ids: "pd.Series[str] | None",
    corpus_ids: "pd.Series[str] | None",
    batch_ids: "pd.Series[str]",
    settings: QualitySettings,
) -> list[Measurement]:
    """Documents lost and documents added, each relative to the number of documents in live.

    `corpus_ids` is what the candidate would hold, `batch_ids` everything that was read, so that a document lost to the
    quarantine can be told from one that left the source.
    """
    if live_ids is None or corpus_ids is None or live_ids.empty:
        lost, added = "The share of lost documents", "The share of new documents"
        return [needs_live("lost_share", lost), needs_live("added_share", added)]
    lost_ids = live_ids[~live_ids.isin(corpus_ids)]
    n_quarantined = int(lost_ids.isin(batch_ids).sum())
    n_added = int((~corpus_ids.isin(live_ids)).sum())
    finding = "of live's documents would be lost"
    if n_quarantined:
        finding += f", {n_quarantined} of them because they are quarantined"
    n_live = len(live_ids)
    return [
        measure_share("lost_share", len(lost_ids), n_live, settings.max_lost_share, finding, ADVICE),
        measure_share("added_share", n_added, n_live, settings.max_added_share, "of live's size is new", ADVICE),
    ]
