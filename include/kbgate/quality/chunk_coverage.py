"""How much of the documents' text the chunks hold: text in no chunk can never be found."""

import pandas as pd

from kbgate.quality.held_measurement import hold_to_most
from kbgate.quality.shares import limit_percent, percent
from kbgate.results import Measurement

NAME = "uncovered_text_share"
EXAMPLES = 3


def measure_chunk_coverage(chunks: pd.DataFrame, n_chars: "pd.Series[int]", limit: float, advice: str) -> Measurement:
    """Hold the share of characters that lie in no chunk to `limit`.

    `chunks` has doc_id and the character offsets start, end (exclusive); overlaps count once. `n_chars` holds the length
    of each document's text by doc_id. White space between chunks is a small part of it.
    """
    covered = covered_chars(chunks).reindex(n_chars.index, fill_value=0)
    total = int(n_chars.sum())
    if not total:
        return Measurement(name=NAME, value=None, n=0, message="The documents have no text to cut.")
    value = float(1 - covered.sum() / total)
    message = f"{percent(max(value, 0.0))} of the documents' text is in no chunk; the limit is {limit_percent(limit)}"
    if value > limit:
        worst = (covered / n_chars.clip(lower=1)).sort_values(kind="stable").head(EXAMPLES)
        message += " (such as " + ", ".join(f"{doc_id}: {percent(1 - share)}" for doc_id, share in worst.items()) + ")"
    return hold_to_most(NAME, value, limit, len(n_chars), f"{message}.", advice)


def covered_chars(chunks: pd.DataFrame) -> "pd.Series[int]":
    """Characters of each document that lie in at least one of its chunks, by doc_id."""
    ordered = chunks[["doc_id", "start", "end"]].astype({"start": "int64", "end": "int64"})
    ordered = ordered.sort_values(["doc_id", "start"], kind="stable")
    reached = ordered.groupby("doc_id")["end"].cummax().groupby(ordered["doc_id"]).shift(fill_value=0)
    begins = ordered["start"].clip(lower=reached)
    return (ordered["end"] - begins).clip(lower=0).groupby(ordered["doc_id"]).sum()
