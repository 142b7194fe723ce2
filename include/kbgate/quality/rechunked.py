"""Are the chunks those that the chunker makes with this run's settings? Some documents are cut again to see."""

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b

import pandas as pd

from kbgate.records import Chunk
from kbgate.results import Measurement, Verdict

NAME = "rechunked_documents"
SAMPLE_DOCUMENTS = 64
ADVICE = (
    "The chunker, its settings or its tokenizer changed underneath the run, or chunks.parquet was written by another one. "
    "Clear chunk_documents and run again."
)
EXAMPLES = 3


def documents_to_cut_again(doc_ids: Collection[str]) -> frozenset[str]:
    """Draw at most 64 documents by the hash of their ids: the same ones every time, whatever the order."""
    return frozenset(sorted(doc_ids, key=lambda doc_id: blake2b(doc_id.encode()).digest())[:SAMPLE_DOCUMENTS])


def measure_rechunked(chunks: pd.DataFrame, again: Mapping[str, Sequence[Chunk]]) -> Measurement:
    """Compare offsets and texts of the chunks of each document in `again` with those that it gave just now.

    `chunks` has doc_id, position, start, end and text. A chunker is deterministic, so one document that differs fails.
    """
    if not again:
        return Measurement(name=NAME, value=None, n=0, message="No document was cut in this run.")
    rows = chunks[chunks["doc_id"].isin(again)].sort_values(["doc_id", "position"])
    stored = {doc_id: _spans(group) for doc_id, group in rows.groupby("doc_id")}
    different = sorted(
        doc_id
        for doc_id, cut in again.items()
        if stored.get(doc_id, []) != [(chunk.start, chunk.end, chunk.text) for chunk in cut]
    )
    message = f"{len(again)} documents that were cut again gave the same chunks."
    if different:
        message = (
            f"{len(different)} of {len(again)} documents give other chunks when they are cut again with this run's settings "
            f"(such as {', '.join(different[:EXAMPLES])})."
        )
    return Measurement(
        name=NAME,
        value=1 - len(different) / len(again),
        threshold=1,
        direction="min",
        n=len(again),
        verdict=Verdict.FAILED if different else Verdict.PASSED,
        message=message,
        advice=ADVICE if different else "",
    )


def _spans(rows: pd.DataFrame) -> list[tuple[int, int, str]]:
    return list(zip(rows["start"].tolist(), rows["end"].tolist(), rows["text"].tolist(), strict=True))
