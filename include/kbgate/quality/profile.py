"""What a batch or corpus looks like in numbers; stored with each version, and the next one's reference."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.spatial.distance import jensenshannon

TOKEN_EDGES = (0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
"""Lower bounds of the bins of document and chunk lengths, in tokens: octaves, so that equal ratios weigh the same; the
last bin is open."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
PSI_SMOOTHING = 0.5


class LengthProfile(BaseModel):
    """Lengths in tokens of `n` texts; `histogram` counts them in the bins of `TOKEN_EDGES`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    mean: float
    std: float
    quantiles: dict[str, float]
    histogram: tuple[int, ...]


class ChunkProfile(BaseModel):
    """Lengths of the chunks of a corpus and the size they were cut to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: LengthProfile
    n_documents: int
    chunk_size_tokens: int | None = None


class DocumentProfile(BaseModel):
    """What the documents of a version look like; `languages` counts documents, `rule_shares` are of the batch's rows and,
    where documents of live stay beside it, of what the corpus then holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_documents: int
    tokens: LengthProfile
    unknown_token_share: float
    languages: dict[str, int]
    rule_shares: dict[str, float] = Field(default_factory=dict)
    chunks: ChunkProfile | None = None


def profile_lengths(n_tokens: ArrayLike) -> LengthProfile:
    """Describe lengths in tokens, an array of shape (n,); all zero for none."""
    lengths = np.asarray(n_tokens, dtype=np.float64)
    some = lengths if len(lengths) else np.zeros(1)
    return LengthProfile(
        n=len(lengths),
        mean=float(some.mean()),
        std=float(some.std()),
        quantiles={f"p{round(q * 100):02d}": float(np.quantile(some, q)) for q in QUANTILES},
        histogram=tuple(np.histogram(lengths, [*TOKEN_EDGES, np.inf])[0].tolist()),
    )


def profile_documents(features: pd.DataFrame, rule_shares: Mapping[str, float] | None = None) -> DocumentProfile:
    """Describe the documents of a features frame (see `document_features.COLUMNS`)."""
    n_tokens = int(features["n_tokens"].sum())
    languages = features["language"].value_counts().to_dict()
    return DocumentProfile(
        n_documents=len(features),
        tokens=profile_lengths(features["n_tokens"]),
        unknown_token_share=float(features["n_unknown"].sum() / n_tokens) if n_tokens else 0.0,
        languages={str(language): int(count) for language, count in languages.items()},
        rule_shares=dict(rule_shares or {}),
    )


def corpus_profile(batch: DocumentProfile, n_tokens: ArrayLike, live: DocumentProfile | None) -> DocumentProfile:
    """Describe the corpus that live is after the batch: documents of `n_tokens` each, shape (n,).

    Lengths are those of the corpus. Languages, unknown tokens and rule shares are the batch's for what it brought and live's
    for what stays, in proportion, because the ledger does not have them for each document.
    """
    tokens = profile_lengths(n_tokens)
    whole = {"n_documents": tokens.n, "tokens": tokens}
    n_stay = tokens.n - batch.n_documents
    if live is None or n_stay <= 0 or not live.n_documents:
        return batch.model_copy(update=whole)
    new_share = batch.n_documents / tokens.n
    shares = {
        name: new_share * share + (1 - new_share) * live.rule_shares.get(name, share)
        for name, share in batch.rule_shares.items()
    }
    n_new_tokens, n_all_tokens = batch.tokens.n * batch.tokens.mean, tokens.n * tokens.mean
    new_tokens = min(n_new_tokens / n_all_tokens, 1.0) if n_all_tokens else 0.0
    stay = n_stay / live.n_documents
    languages = {
        code: batch.languages.get(code, 0) + round(stay * live.languages.get(code, 0))
        for code in {**live.languages, **batch.languages}
    }
    return batch.model_copy(
        update=whole
        | {
            "unknown_token_share": new_tokens * batch.unknown_token_share + (1 - new_tokens) * live.unknown_token_share,
            "languages": {code: count for code, count in languages.items() if count},
            "rule_shares": shares or live.rule_shares,
        }
    )


def profile_chunks(chunks: pd.DataFrame, chunk_size_tokens: int | None = None) -> ChunkProfile:
    """Describe chunks by their columns doc_id and n_tokens."""
    return ChunkProfile(
        tokens=profile_lengths(chunks["n_tokens"]),
        n_documents=int(chunks["doc_id"].nunique()),
        chunk_size_tokens=chunk_size_tokens,
    )


def population_stability_index(reference_counts: Sequence[float], current_counts: Sequence[float]) -> float:
    """PSI of two histograms on the same bins, >= 0; 0 when they agree.

    PSI = sum over bins of (c - r) * ln(c / r), with r and c the shares of a bin after adding 0.5 to every count of a bin
    that is not empty on both sides (so an empty bin gives a finite value); bins empty on both sides are left out.
    Kullback's J-divergence; as a stability index: Siddiqi, Credit Risk Scorecards (2006), who calls 0.25 a clear change.

    Raises:
        ValueError: the histograms have different numbers of bins.
    """
    reference, current = _occupied(reference_counts, current_counts)
    if not len(reference):
        return 0.0
    r, c = ((counts + PSI_SMOOTHING) / (counts.sum() + PSI_SMOOTHING * len(counts)) for counts in (reference, current))
    return float(np.sum((c - r) * np.log(c / r)))


def jensen_shannon_distance(reference_counts: Sequence[float], current_counts: Sequence[float]) -> float:
    """Square root of the Jensen-Shannon divergence to base 2 of two histograms, in [0, 1] (scipy); NaN if one is empty."""
    reference, current = _occupied(reference_counts, current_counts)
    return float(jensenshannon(reference, current, base=2)) if reference.sum() and current.sum() else float("nan")


def _occupied(
    reference_counts: Sequence[float], current_counts: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    reference, current = np.asarray(reference_counts, dtype=float), np.asarray(current_counts, dtype=float)
    if reference.shape != current.shape:
        raise ValueError(f"The histograms have {len(reference)} and {len(current)} bins; compare equal bins.")
    occupied = reference + current > 0
    return reference[occupied], current[occupied]
