"""The reconcile gate: do source, ledger and store hold the same documents, and are the vectors those of the chunks?"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kbgate.errors import UsageError
from kbgate.gates.embedding_probe import EmbeddingProbe, judge_probe
from kbgate.gates.index_recall import IndexSearch, measure_index
from kbgate.gates.store_contents import UNIT_TOLERANCE, ChunkIdOf, StoreContents, read_store_contents
from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.sections.reconcile import ReconcileSettings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NAME = "reconcile"
REEMBEDDED = "reembedded_similarity"
EXAMPLES = 10
ADVICE = "Do not promote; run the build again, and if it repeats look at the store's log."


@dataclass(frozen=True, slots=True, eq=False)
class ReembeddedSample:
    """Chunks of the candidate embedded once more: row i of both arrays (n, dimension) belongs to `chunk_ids[i]`."""

    chunk_ids: Sequence[str]
    stored: NDArray[np.float32]
    fresh: NDArray[np.float32]


def judge_reconcile(
    *,
    ledger: "pd.DataFrame",
    expected_doc_ids: Collection[str],
    removed_doc_ids: Collection[str],
    store_batches: "Iterable[pa.Table]",
    chunk_id_of: ChunkIdOf,
    expected_chunks: "pd.DataFrame",
    dimension: int,
    reembedded: ReembeddedSample | None,
    reembedded_new: ReembeddedSample | None = None,
    removed_still_retrievable: Sequence[str],
    index_search: IndexSearch | None,
    settings: ReconcileSettings,
    expected_hashes: Mapping[str, str] | None = None,
    probe: EmbeddingProbe | None = None,
    cache_folder: str | None = None,
) -> GateResult:
    """Compare source, ledger and store document by document and chunk by chunk; each difference is named and FAILED.

    The store is read once as a stream; what stays in memory are ids and counts.

    Args:
        ledger: the candidate's, with doc_id, content_hash and n_chunks.
        expected_doc_ids: what must be in the candidate by the source and the plan.
        removed_doc_ids: what must not.
        store_batches: all chunks of the candidate, with `store_contents.COLUMNS`.
        chunk_id_of: the id that a chunk of this document, place and text must have.
        expected_chunks: chunk_id and doc_id of the chunks that this run made; their documents must hold just these.
        dimension: length of every vector.
        reembedded: of the whole candidate; None if nothing was embedded again, which is INCONCLUSIVE.
        reembedded_new: of the chunks that this run made, which a fault of this run would be in; None if it made none.
        removed_still_retrievable: the removed documents that a search of the candidate still returned.
        index_search: queries asked through the index and exactly; None is INCONCLUSIVE.
        expected_hashes: content hash by doc_id, as the source gave it, for the documents of this run.
        probe: fixed sentences as live's run and this one embed them; None is reported.
        cache_folder: of the vector cache, from which stored vectors may come; the advice names it.

    Raises:
        UsageError: the arrays of `reembedded` or of `probe` do not fit together.
    """
    contents = read_store_contents(store_batches, dimension, chunk_id_of)
    expected, hashes = set(expected_doc_ids), expected_hashes or {}
    measurements, details = [], {}
    for measured, examples in (
        *_documents(ledger, expected, set(removed_doc_ids), hashes, contents),
        *_chunks(ledger, expected_chunks, contents),
        *_vectors(contents, dimension),
        _retrievable(removed_still_retrievable, len(removed_doc_ids)),
        (measure_index(index_search, settings), []),
        (judge_probe(probe, settings.min_reembed_similarity), []),
        *([_reembedded(reembedded_new, settings, f"{REEMBEDDED}[new]", "new chunks")] if reembedded_new else []),
        _reembedded(reembedded, settings),
    ):
        measurements.append(measured)
        if examples:
            details[measured.name] = examples
    verdict = judge(tuple(measurements))
    return GateResult(
        name=NAME,
        mode=settings.mode,
        verdict=verdict,
        measurements=tuple(measurements),
        message=_message(tuple(measurements), verdict, len(expected), contents, cache_folder),
        details={"n_documents": len(expected), "n_chunks": contents.n_chunks, "examples": details},
        settings=settings.model_dump(mode="json"),
    )


Found = tuple[Measurement, list[str]]


def _documents(
    ledger: "pd.DataFrame", expected: set[str], removed: set[str], hashes: Mapping[str, str], contents: StoreContents
) -> Iterator[Found]:
    rows = ledger["doc_id"].tolist()
    known, stored = set(rows), contents.chunks_by_document().keys()
    n = len(expected)
    nothing = "No document is expected and the store is empty: nothing could be compared."
    present = len(expected & stored) / n if n else None
    yield (
        Measurement(
            name="documents_in_store",
            value=present,
            threshold=1.0,
            direction="min",
            n=n,
            verdict=Verdict.INCONCLUSIVE if present is None else Verdict.PASSED if present == 1 else Verdict.FAILED,
            message=nothing
            if present is None
            else f"The store holds {len(expected & stored)} of {n} expected documents ({present:.1%}).",
        ),
        [],
    )
    yield _none_wanted(
        "missing_from_ledger", expected - known, n, "{n} documents of the source are missing from the ledger"
    )
    yield _none_wanted(
        "missing_from_store", expected - stored, n, "{n} documents of the source have no chunk in the store"
    )
    ghosts = "{n} documents are in the {place}, but neither the source nor the plan knows them (ghosts)"
    yield _none_wanted("ghosts_in_ledger", known - expected - removed, len(known), ghosts.replace("{place}", "ledger"))
    yield _none_wanted("ghosts_in_store", stored - expected - removed, len(stored), ghosts.replace("{place}", "store"))
    still = "{n} removed documents are still in the ledger or the store"
    yield _none_wanted("removed_still_present", removed & (known | stored), len(removed), still)
    doubled = [doc_id for doc_id, count in Counter(rows).items() if count > 1]
    yield _none_wanted("doubled_in_ledger", doubled, len(rows), "{n} documents have more than one row in the ledger")
    recorded = dict(zip(rows, ledger["content_hash"], strict=True))
    stale = [doc_id for doc_id, digest in hashes.items() if doc_id in recorded and recorded[doc_id] != digest]
    yield _none_wanted(
        "stale_in_ledger",
        stale,
        len(hashes),
        "{n} documents have another content hash in the ledger than in the source",
    )


def _chunks(ledger: "pd.DataFrame", expected: "pd.DataFrame", contents: StoreContents) -> Iterator[Found]:
    counts = contents.chunks_by_document()
    per_document = zip(ledger["doc_id"], ledger["n_chunks"], strict=True)
    # Documents that have no chunk at all are named by missing_from_store.
    uneven = [
        f"{doc_id}: {counts[doc_id]} of {wanted}"
        for doc_id, wanted in per_document
        if doc_id in counts and counts[doc_id] != wanted
    ]
    yield _none_wanted(
        "chunk_count_differs",
        uneven,
        len(ledger),
        "{n} documents have another number of vectors in the store than chunks in the ledger",
    )
    yield _none_wanted(
        "doubled_chunk_ids", contents.doubled_chunk_ids(), contents.n_chunks, "{n} chunk ids occur more than once"
    )
    yield _none_wanted(
        "altered_chunks",
        contents.altered,
        contents.n_chunks,
        "{n} chunks in the store do not have the document, place and text that their id was made of",
    )
    made = set(zip(expected["chunk_id"], expected["doc_id"], strict=True))
    stored = set(contents.pairs_of(set(expected["doc_id"])))
    lost = [chunk_id for chunk_id, _ in made - stored]
    yield _none_wanted("new_chunks_missing", lost, len(made), "{n} chunks that this run made are not in the store")
    left_over = [chunk_id for chunk_id, _ in stored - made]
    what = "{n} chunks in the store belong to documents of this run, but this run did not make them (left over)"
    yield _none_wanted("chunks_left_over", left_over, len(stored), what)


def _vectors(contents: StoreContents, dimension: int) -> Iterator[Found]:
    n = contents.n_chunks
    found = ", ".join(f"{length}" for length in sorted(contents.dimensions) if length != dimension)
    yield _none_wanted(
        "wrong_dimension", contents.wrong_dimension, n, f"{{n}} vectors have the dimension {found}, not {dimension}"
    )
    yield _none_wanted("not_finite", contents.not_finite, n, "{n} vectors hold NaN or infinite numbers")
    yield _none_wanted(
        "not_unit_length",
        contents.not_unit,
        n,
        f"{{n}} vectors are not of unit length (tolerance {UNIT_TOLERANCE:g})",
    )


def _retrievable(doc_ids: Sequence[str], n: int) -> Found:
    return _none_wanted(
        "removed_still_retrievable", set(doc_ids), n, "{n} removed documents are still found by a search"
    )


def _reembedded(
    sample: ReembeddedSample | None,
    settings: ReconcileSettings,
    name: str = REEMBEDDED,
    chunks: str = "chunks",
) -> Found:
    """Hold the least similar chunk of the sample to the limit, and say how much could go wrong unseen."""
    floor = settings.min_reembed_similarity
    if sample is None or not len(sample.chunk_ids):
        message = "No chunk was embedded again, so nobody knows whether the vectors are those of their chunks."
        unknown = Measurement(
            name=name, value=None, threshold=floor, direction="min", n=0, verdict=Verdict.INCONCLUSIVE, message=message
        )
        return unknown, []
    stored, fresh = np.asarray(sample.stored, dtype=np.float64), np.asarray(sample.fresh, dtype=np.float64)
    n = len(sample.chunk_ids)
    if stored.shape != fresh.shape or stored.ndim != 2 or len(stored) != n:
        raise UsageError(
            f"The re-embedded sample has {n} chunk ids, stored vectors of shape {stored.shape} and fresh ones of shape "
            f"{fresh.shape}. Wanted: one row of each for every chunk."
        )
    lengths = np.linalg.norm(stored, axis=1) * np.linalg.norm(fresh, axis=1)
    similarities = np.einsum("ij,ij->i", stored, fresh) / np.where(lengths > 0, lengths, np.nan)
    # NaN compares false, so it counts as different.
    different = ~(similarities >= floor)
    value = float(similarities.min()) if np.isfinite(similarities).all() else None
    examples = [f"{sample.chunk_ids[row]}: {similarities[row]:.3f}" for row in np.flatnonzero(different).tolist()]
    if examples:
        message = (
            f"{len(examples)} of {n} {chunks} embedded again do not have the vector that is stored for them (cosine below "
            f"{floor:g}, such as {_some(examples)}): vectors and chunks are shifted, or another model made them."
        )
    else:
        # With no difference among n, the true share is below 1 - 0.05^(1/n) with 95 % confidence (Clopper, Pearson 1934).
        unseen = 1 - 0.05 ** (1 / n)
        message = (
            f"All {n} {chunks} embedded again have the vector that is stored (lowest cosine {value:.4f}); "
            f"up to {unseen:.0%} wrong vectors could go unseen."
        )
    verdict = Verdict.FAILED if examples else Verdict.PASSED
    measured = Measurement(
        name=name, value=value, threshold=floor, direction="min", n=n, verdict=verdict, message=message
    )
    return measured, examples[:EXAMPLES]


def _none_wanted(name: str, found: Collection[str], n: int, sentence: str) -> Found:
    """A count that must be 0; `sentence` is the finding with {n} for the count."""
    examples = sorted(found)[:EXAMPLES]
    message = ""
    if examples:
        message = f"{sentence.replace('{n}', str(len(found)))}, such as {_some(examples)}."
    return (
        Measurement(
            name=name,
            value=len(found),
            threshold=0,
            direction="max",
            n=n,
            verdict=Verdict.FAILED if found else Verdict.PASSED,
            message=message,
        ),
        examples,
    )


def _message(
    measurements: tuple[Measurement, ...],
    verdict: Verdict,
    n_documents: int,
    contents: StoreContents,
    cache_folder: str | None,
) -> str:
    if verdict is Verdict.PASSED:
        return (
            f"Source, ledger and store agree on {n_documents} documents and {contents.n_chunks} chunks. "
            f"{measurements[-1].message}"
        )
    told = [m for m in measurements if m.verdict is verdict]
    sentences = [m.message for m in told] + [ADVICE]
    if any(m.name.startswith(REEMBEDDED) for m in told) and verdict is Verdict.FAILED and cache_folder is not None:
        sentences.append(
            f"Wrong vectors may come from the vector cache: delete {cache_folder} (its vectors are computed again) before that."
        )
    return " ".join(sentences)


def _some(examples: Sequence[str], shown: int = 5) -> str:
    return ", ".join(examples[:shown])
