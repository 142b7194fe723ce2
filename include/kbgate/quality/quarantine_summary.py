"""What was wrong with a batch, counted by reason and by source."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from kbgate.quality.id_places import id_places
from kbgate.records import RejectedRow

LISTED = 50
CUT_CHARS = 200
REASON_COLUMNS = ["rule", "reason", "severity", "taken_out"]


def quarantine_summary(
    quarantine: pa.Table,
    features: pd.DataFrame,
    accepted_doc_ids: "Collection[str] | pd.Series[str]",
    rejected: Sequence[RejectedRow],
) -> dict[str, Any]:
    """Count the rows of the quarantine table by reason, and the documents that were left out by their source.

    `n_rows` is the length of the table, which has one row a document and reason; `by_reason` (rule, reason, severity,
    taken_out, count; most frequent first) and `other_reasons` add up to it. `by_source` (source, n_documents read,
    n_quarantined of them, which were left out; most of these first) and `other_sources` add up to `n_documents` and
    `n_quarantined`. Both lists end after 50 entries; what comes after is summed. A source is the file, or the
    folder where each file is one document (and so has no line).

    Args:
        quarantine: the table, of which `REASON_COLUMNS` are enough.
        features: one row a document that could be read, with doc_id, source_uri and line.
        rejected: rows that could not become a document.
    """
    left_out = id_places(features["doc_id"], accepted_doc_ids) < 0
    reasons, sources = _by_reason(quarantine), _by_source(features, left_out, rejected)
    counted = ["n_documents", "n_quarantined"]
    rest = sources[LISTED:]
    return {
        "schema_version": 1,
        "n_rows": len(quarantine),
        "n_documents": int(sources["n_documents"].sum()),
        "n_quarantined": int(sources["n_quarantined"].sum()),
        "by_reason": reasons[:LISTED].to_dict("records"),
        "other_reasons": {"n_reasons": len(reasons[LISTED:]), "count": int(reasons["count"][LISTED:].sum())},
        "by_source": sources[:LISTED].to_dict("records"),
        "other_sources": {"n_sources": len(rest), **{name: int(rest[name].sum()) for name in counted}},
    }


def _by_reason(quarantine: pa.Table) -> pd.DataFrame:
    rows = quarantine.group_by(REASON_COLUMNS).aggregate([([], "count_all")]).to_pandas()
    # Reasons of rows that are no documents quote what was found, so their number has no bound.
    rows["reason"] = rows["reason"].str[:CUT_CHARS]
    counts = rows.groupby(REASON_COLUMNS, sort=True)["count_all"].sum().reset_index(name="count")
    return counts.sort_values("count", ascending=False, kind="stable", ignore_index=True)


def _by_source(features: pd.DataFrame, left_out: NDArray[np.bool_], rejected: Sequence[RejectedRow]) -> pd.DataFrame:
    is_page = features["line"].isna()
    documents = pd.DataFrame(
        {
            "source": _folders(features["source_uri"]).where(is_page, features["source_uri"]),
            "left_out": left_out,
        }
    )
    # The line of a rejected page is where it is broken, so its neighbours say whether this is a source of pages.
    uris = pd.Series([row.source_uri for row in rejected], dtype="str")
    broken = pd.DataFrame({"source": _folders(uris) if is_page.any() else uris, "left_out": True})
    rows = pd.concat([documents, broken], ignore_index=True).astype({"source": "str", "left_out": "bool"})
    rows["source"] = rows["source"].str[-CUT_CHARS:]
    found = rows.groupby("source", sort=True)["left_out"].agg(n_documents="size", n_quarantined="sum").reset_index()
    return found.sort_values("n_quarantined", ascending=False, kind="stable", ignore_index=True)


def _folders(uris: "pd.Series[str]") -> "pd.Series[str]":
    """Each file's folder; the file itself where it stands in none."""
    return uris.str.replace(r"([^/])/[^/]*$", r"\1", regex=True)
