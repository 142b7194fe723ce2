"""How far the chunks' mean length moved from live's."""

import math

import pandas as pd

from kbgate.quality.length_shift import measure_mean_shift
from kbgate.quality.profile import ChunkProfile
from kbgate.quality.shares import Z95, ratio_with_interval
from kbgate.quality.suite_measurements import needs_live
from kbgate.results import Measurement
from kbgate.sections.quality import QualitySettings

NAME = "chunk_token_mean_shift"


def measure_chunk_shift(
    chunks: pd.DataFrame,
    live: ChunkProfile | None,
    chunk_size_tokens: int,
    settings: QualitySettings,
    advice: str,
    *,
    is_hotfix: bool = False,
) -> Measurement:
    """Relative change of the mean chunk length (columns doc_id, n_tokens) against live, absolute value.

    `chunks` are all those that the candidate holds: a few new documents may be longer or shorter than others, which their own
    gate judges, and whether they are cut alike is the business of `full_chunk_shift` and `rechunked_documents`.

    Chance is counted by documents, whose chunks are alike, from their own spread or from that of live's chunks, whichever
    is wider: a few documents do not show the spread of lengths of which some are rare. Chunks of fewer than
    `min_shift_documents` documents are reported and not judged. In a hotfix by hand another chunk size is meant, so its effect
    is a warning there.
    """
    if live is None:
        return needs_live(NAME, "The length of the chunks")
    by_document = chunks.groupby("doc_id")["n_tokens"].agg(["sum", "size"])
    mean, low, _ = ratio_with_interval(by_document["sum"], by_document["size"])
    n = len(by_document)
    if n < settings.min_shift_documents:
        message = (
            f"The mean chunk length, {mean:.0f} tokens against {live.tokens.mean:.0f} in live, is not judged: "
            f"{n} documents, {settings.min_shift_documents} are wanted."
        )
        return Measurement(name=NAME, value=None, n=n, message=message)
    # Three standard errors: chance alone exceeds that once in 370 batches.
    standard_error = max((mean - low) / Z95, live.tokens.std / math.sqrt(n))
    allowed = max(settings.max_chunk_token_mean_shift * live.tokens.mean, 3 * standard_error)
    shift = measure_mean_shift(NAME, "the chunks", mean, n, live.tokens, allowed, advice)
    if live.chunk_size_tokens is None or live.chunk_size_tokens == chunk_size_tokens:
        return shift
    note = f"The chunk size was changed from {live.chunk_size_tokens} to {chunk_size_tokens} tokens."
    severity = "warning" if is_hotfix else "critical"
    return shift.model_copy(update={"severity": severity, "message": f"{note} {shift.message}"})
