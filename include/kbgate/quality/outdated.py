"""Documents that changed into an older state than live's: the sign of a stale export that undoes recent edits."""

import pandas as pd

from kbgate.quality.shares import limit_percent, percent
from kbgate.results import Measurement, Verdict
from kbgate.sections.quality import QualitySettings

NAME = "outdated_share"
ALWAYS_ALLOWED = 2
"""Documents: one or two that went back to an older state are an editor's doing, not a stale export's."""
ADVICE = (
    "Find out whether the export is an old one, and run again with the newest. If old texts are meant, date them anew."
)
EXAMPLES = 3


def measure_outdated(
    accepted: pd.DataFrame, live_ledger: pd.DataFrame | None, settings: QualitySettings
) -> Measurement:
    """Hold the share of the changed documents that are older than live's to `max_outdated_share`.

    Both frames have doc_id, content_hash and updated_at (ISO 8601 or None). Ages are compared by the day (UTC), because
    exports differ in precision; a document without a date on either side is not counted. The limit never falls below
    two documents.
    """
    if live_ledger is None:
        return Measurement(
            name=NAME, value=None, n=0, message="There is no live version whose dates could be compared."
        )
    columns = ["doc_id", "content_hash", "updated_at"]
    both = accepted[columns].merge(live_ledger[columns], on="doc_id", suffixes=("", "_live"))
    changed = both[both["content_hash"] != both["content_hash_live"]]
    ours, theirs = _days(changed["updated_at"]), _days(changed["updated_at_live"])
    dated = ours.notna() & theirs.notna()
    n, older = int(dated.sum()), dated & (ours < theirs)
    if not n:
        return Measurement(name=NAME, value=None, n=0, message="No changed document has a date here and in live.")
    count = int(older.sum())
    limit = max(settings.max_outdated_share, min(ALWAYS_ALLOWED / n, 1.0))
    value = count / n
    such = ", ".join(changed.loc[older, "doc_id"].head(EXAMPLES))
    message = (
        f"{percent(value)} of the {n} changed documents are older than what is live{f' (such as {such})' if such else ''}; "
        f"the limit is {limit_percent(limit)}"
    )
    passed = value <= limit
    return Measurement(
        name=NAME,
        value=value,
        threshold=limit,
        direction="max",
        n=n,
        verdict=Verdict.PASSED if passed else Verdict.FAILED,
        message=f"{message}.",
        advice="" if passed else ADVICE,
    )


def _days(dates: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    return pd.to_datetime(dates, format="ISO8601", utc=True, errors="coerce").dt.floor("D")
