"""Are the new chunks cut like live's? A few documents cut otherwise hardly move the mean of all chunks."""

from dataclasses import dataclass

import pandas as pd

from kbgate.quality.held_measurement import hold_to_most
from kbgate.quality.shares import percent, ratio_with_interval
from kbgate.results import Measurement
from kbgate.sections.quality import QualitySettings

MIN_DOCUMENTS = 5
"""Fewer new or fewer live documents of several chunks say nothing about how a chunker cuts."""
MIN_OVERLAP = 0.02
"""Live's overlap, relative to the length of its chunks, below which there is nothing to lose."""


@dataclass(frozen=True, slots=True)
class ChunkForm:
    """How documents of several chunks are cut: means with 95 % intervals over documents, which are independent.

    `full_tokens` is the mean length of the chunks that another one follows, in tokens; `overlap` the share of their
    characters that the next chunk repeats.
    """

    n_documents: int
    full_tokens: tuple[float, float, float]
    overlap: tuple[float, float, float]


def chunk_form(chunks: pd.DataFrame) -> ChunkForm | None:
    """Describe chunks by doc_id, position, start, end, n_tokens; None if no document has several."""
    ordered = chunks[["doc_id", "position", "start", "end", "n_tokens"]].sort_values(["doc_id", "position"])
    following = ordered.groupby("doc_id")["start"].shift(-1)
    full = ordered[following.notna()].astype({"start": "int64", "end": "int64"})
    if full.empty:
        return None
    shared = (full["end"] - following[following.notna()]).clip(lower=0)
    by_document = (
        pd.DataFrame({"tokens": full["n_tokens"], "n": 1, "shared": shared, "chars": full["end"] - full["start"]})
        .groupby(full["doc_id"])
        .sum()
    )
    return ChunkForm(
        n_documents=len(by_document),
        full_tokens=ratio_with_interval(by_document["tokens"], by_document["n"]),
        overlap=ratio_with_interval(by_document["shared"], by_document["chars"]),
    )


def measure_chunk_form(
    new: ChunkForm | None, live: ChunkForm | None, settings: QualitySettings, advice: str
) -> list[Measurement]:
    """Hold the length of full chunks, and the overlap, of the new documents to those of the chunks that live keeps.

    Judged is what is certain: the change from live's mean to the nearer end of the new chunks' interval. `live` is None on
    a first ingest and when everything is cut again.
    """
    if new is None or live is None or min(new.n_documents, live.n_documents) < MIN_DOCUMENTS:
        few = "Whether the new chunks are cut like live's is not judged: too few documents have several chunks."
        return [Measurement(name="full_chunk_shift", value=None, n=new.n_documents if new else 0, message=few)]
    return [_length(new, live, settings, advice), *_overlap(new, live, settings, advice)]


def _length(new: ChunkForm, live: ChunkForm, settings: QualitySettings, advice: str) -> Measurement:
    mean, low, high = new.full_tokens
    theirs, limit = live.full_tokens[0], settings.max_chunk_token_mean_shift
    certain = max(theirs - high, low - theirs, 0.0) / theirs
    message = (
        f"The full chunks of {new.n_documents} new or changed documents have {mean:.0f} tokens (95 % interval {low:.0f} to "
        f"{high:.0f}), those of live {theirs:.0f}; a change of at most {percent(limit)} is wanted."
    )
    return hold_to_most("full_chunk_shift", certain, limit, new.n_documents, message, advice)


def _overlap(new: ChunkForm, live: ChunkForm, settings: QualitySettings, advice: str) -> list[Measurement]:
    mean, _, high = new.overlap
    theirs, limit = live.overlap[0], settings.max_overlap_loss
    if theirs < MIN_OVERLAP:
        return []
    message = (
        f"The chunks of {new.n_documents} new or changed documents repeat {percent(mean)} of their text in the next one, "
        f"those of live {percent(theirs)}; at most {percent(limit)} of the overlap may be lost."
    )
    return [hold_to_most("overlap_loss", max(1 - high / theirs, 0.0), limit, new.n_documents, message, advice)]
