"""The chunk gate: are these chunks fit to be embedded?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbgate.records import Chunk
from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.sections.quality import QualitySettings

if TYPE_CHECKING:
    import pandas as pd

    from kbgate.quality.profile import ChunkProfile, DocumentProfile

NAME = "chunks"
ADVICE = (
    "Correct the chunker's settings or the documents and run again; "
    "if other chunk sizes are meant, use kb_hotfix_reindex, which lets the recall gate decide."
)
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class ChunkGate:
    """The verdict, and the profile of all chunks that the candidate would hold."""

    result: GateResult
    profile: "ChunkProfile"


def judge_chunks(
    *,
    chunks: "pd.DataFrame",
    document_chars: "pd.Series[int]",
    settings: QualitySettings,
    chunk_size_tokens: int,
    max_model_tokens: int,
    reference: "DocumentProfile | None",
    kept_chunks: "pd.DataFrame | None" = None,
    chunked_again: Mapping[str, Sequence[Chunk]] | None = None,
    suite_path: Path | None = None,
    is_hotfix: bool = False,
) -> ChunkGate:
    """Hold chunks to the suite, and the mean length of all chunks of the candidate to that of live's.

    `chunks` has chunk_id, doc_id, position, start, end, text, n_tokens and may hold only the documents that changed;
    `document_chars` holds the length of each of these documents by doc_id; text that lies in no chunk can never be found.
    `kept_chunks` (doc_id, position, start, end, n_tokens) are those the candidate takes over from live: `profile` describes
    them all, and the new ones must be cut like them. `chunked_again` holds some of the documents cut a second time, by
    doc_id; they must give the same chunks.
    `max_model_tokens` is the tokenizer's `max_tokens`. Without chunks the gate is INCONCLUSIVE, except where the
    candidate keeps chunks of live and the delta only removes documents. A nightly ingest whose chunks became much shorter
    or longer fails even if the settings say so, as in the incident; a hotfix by hand is the way to mean it.

    Raises:
        SettingsError: the suite is missing, malformed, or states other rules than kbgate's.
    """
    import pandas as pd

    from kbgate.quality.chunk_coverage import measure_chunk_coverage
    from kbgate.quality.chunk_features import measure_chunks
    from kbgate.quality.chunk_form import chunk_form, measure_chunk_form
    from kbgate.quality.chunk_shift import measure_chunk_shift
    from kbgate.quality.masks import CHUNK_RULES, row_masks
    from kbgate.quality.profile import profile_chunks
    from kbgate.quality.rechunked import measure_rechunked
    from kbgate.quality.suite_agreement import require_agreement
    from kbgate.quality.suite_file import suite_file
    from kbgate.quality.suite_measurements import measure_outcome, waits_for_live
    from kbgate.quality.suites import run_suite, suite_parameters
    from kbgate.quality.summary import summarise

    parts = [chunks[["doc_id", "n_tokens"]]]
    if kept_chunks is not None:
        parts.append(kept_chunks[["doc_id", "n_tokens"]])
    all_lengths = pd.concat(parts, ignore_index=True)
    profile = profile_chunks(all_lengths, chunk_size_tokens)
    live = reference.chunks if reference else None
    measurements = [_chunks_there(len(chunks), profile.tokens.n)]
    details: dict[str, Any] = {}
    if len(chunks):
        features = measure_chunks(chunks)
        parameters = suite_parameters(
            settings,
            chunk_size_tokens=chunk_size_tokens,
            max_model_tokens=max_model_tokens,
            live_chunk_token_mean=live.tokens.mean if live else None,
        )
        suite_path = suite_path or suite_file(settings, NAME)
        suite = run_suite(suite_path, features, parameters, CHUNK_RULES)
        masks = row_masks(features, parameters, CHUNK_RULES)
        require_agreement(suite_path, suite, masks)
        measurements += [measure_outcome(outcome, CHUNK_RULES, "chunks", ADVICE) for outcome in suite.outcomes]
        measurements.append(measure_chunk_coverage(chunks, document_chars, settings.max_uncovered_text_share, ADVICE))
        if chunked_again is not None:
            measurements.append(measure_rechunked(chunks, chunked_again))
        measurements.append(
            measure_chunk_shift(all_lengths, live, chunk_size_tokens, settings, ADVICE, is_hotfix=is_hotfix)
        )
        before = None if kept_chunks is None else chunk_form(kept_chunks)
        measurements += measure_chunk_form(chunk_form(chunks), before, settings, ADVICE)
        details = {
            "chunks_by_rule": {name: int(mask.sum()) for name, mask in masks.items()},
            "examples": {
                name: features.loc[mask.to_numpy(), "chunk_id"].head(EXAMPLES).tolist()
                for name, mask in masks.items()
                if mask.any()
            },
            "suite_statistics": suite.statistics,
        }
    verdict = judge(tuple(measurements))
    open_ones = [m for m in measurements if m.severity == "critical" and m.verdict is not Verdict.PASSED]
    n_documents = chunks["doc_id"].nunique()
    result = GateResult(
        name=NAME,
        mode=settings.chunks_mode,
        verdict=verdict,
        measurements=tuple(measurements),
        message=summarise(measurements, f"{len(chunks)} chunks of {n_documents} documents are within the limits."),
        details={
            "n_chunks": len(chunks),
            "n_documents": int(n_documents),
            "n_kept_chunks": profile.tokens.n - len(chunks),
            "token_histogram": list(profile.tokens.histogram),
            "reference_token_histogram": list(live.tokens.histogram) if live else None,
            **details,
        },
        settings=settings.model_dump(mode="json")
        | {"chunk_size_tokens": chunk_size_tokens, "max_model_tokens": max_model_tokens},
        needs_reference=verdict is Verdict.INCONCLUSIVE and all(map(waits_for_live, open_ones)),
    )
    return ChunkGate(result, profile)


def _chunks_there(n_chunks: int, n_all: int) -> Measurement:
    """Whether there is anything to embed; a batch that only removes documents keeps what live has."""
    if not n_chunks and n_all:
        return Measurement(name="chunks", value=0, n=0, message=f"There is no new chunk; {n_all} of live are kept.")
    verdict = Verdict.PASSED if n_chunks else Verdict.INCONCLUSIVE
    message = f"There are {n_chunks} chunks."
    if not n_chunks:
        message = "There is no chunk, so nothing can be judged. Look at the quarantine and the chunker's settings."
    return Measurement(
        name="chunks", value=n_chunks, threshold=1, direction="min", n=n_chunks, verdict=verdict, message=message
    )
