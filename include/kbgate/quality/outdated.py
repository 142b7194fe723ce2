"""Documents that changed into an older state than live's: the sign of a stale export that undoes recent edits."""

import numpy as np
import pandas as pd

from kbgate.quality.held_measurement import hold_to_most
from kbgate.quality.id_places import id_places
from kbgate.quality.shares import limit_percent, percent
from kbgate.results import Measurement
from kbgate.sections.quality import QualitySettings

NAME = "outdated_share"
ALWAYS_ALLOWED = 2
"""Documents: one or two that went back to an older state are an editor's doing, not a stale export's."""
ADVICE = (
    "Find out whether the export is an old one, and run again with the newest. If live's texts are the wrong ones, roll back "
    "first; if old texts are meant, date them anew."
)
EXAMPLES = 3


def measure_outdated(
    accepted: pd.DataFrame,
    live_ledger: pd.DataFrame | None,
    settings: QualitySettings,
    earlier: pd.DataFrame | None = None,
) -> Measurement:
    """Hold the share of the changed documents that are older than live's to `max_outdated_share`.

    Both frames have doc_id, content_hash and updated_at (ISO 8601 or None). Ages are compared by the day (UTC), because
    exports differ in precision. A document without a date on either side is older if it has again the content of an
    `earlier` version that live descends from (doc_id, content_hash); without any such version it is not counted. The limit
    never falls below two documents.
    """
    if live_ledger is None:
        return Measurement(
            name=NAME, value=None, n=0, message="There is no live version whose dates could be compared."
        )
    changed = _changed(accepted, live_ledger)
    ours, theirs = _days(changed["updated_at"]), _days(changed["updated_at_live"])
    dated = ours.notna() & theirs.notna()
    older = dated & (ours < theirs)
    if earlier is not None and len(earlier):
        # A content hash covers the doc_id too, so it alone says that a document is what it once was.
        older |= ~dated & (id_places(changed["content_hash"], earlier["content_hash"]) >= 0)
        dated[:] = True
    n = int(dated.sum())
    if not n:
        return Measurement(name=NAME, value=None, n=0, message="No changed document has a date here and in live.")
    count = int(older.sum())
    limit = max(settings.max_outdated_share, min(ALWAYS_ALLOWED / n, 1.0))
    value = count / n
    such = ", ".join(changed.loc[older, "doc_id"].head(EXAMPLES))
    message = (
        f"{percent(value)} of the {n} changed documents are older than what is live{f' (such as {such})' if such else ''}; "
        f"the limit is {limit_percent(limit)}."
    )
    return hold_to_most(NAME, value, limit, n, message, ADVICE)


def _changed(accepted: pd.DataFrame, live_ledger: pd.DataFrame) -> pd.DataFrame:
    """The documents of both whose content differs: doc_id, content_hash, updated_at, updated_at_live."""
    places = id_places(accepted["doc_id"], live_ledger["doc_id"])
    known = np.flatnonzero(places >= 0)
    hashes = accepted["content_hash"].iloc[known].array
    is_changed = np.asarray(hashes != live_ledger["content_hash"].iloc[places[known]].array, dtype=bool)
    rows = known[is_changed]
    changed = accepted[["doc_id", "content_hash", "updated_at"]].iloc[rows]
    return changed.assign(updated_at_live=live_ledger["updated_at"].iloc[places[rows]].array)


def _days(dates: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    return pd.to_datetime(dates, format="ISO8601", utc=True, errors="coerce").dt.floor("D")
