"""Every disagreement between source, ledger and store fails by its own sentence; agreement passes."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kbgate.errors import UsageError
from kbgate.gates.index_recall import IndexSearch
from kbgate.gates.reconcile import ReembeddedSample, judge_reconcile
from kbgate.records import Hits
from kbgate.results import GateResult, Verdict
from kbgate.sections.reconcile import ReconcileSettings

DIMENSION = 16
N_DOCUMENTS, CHUNKS_EACH = 40, 5
HITS = Hits(np.array([["c0001", "c0002"]]), np.array([["doc-00", "doc-00"]]), np.array([[0.9, 0.8]], np.float32))
BOTH_WAYS = IndexSearch(HITS, HITS, "questions")


@dataclass
class Ingest:
    """A candidate as it should be; a test spoils one thing of it. The last four documents are those of this run."""

    vectors: np.ndarray
    chunk_ids: list[str]
    doc_ids: list[str]
    ledger: pd.DataFrame
    expected: set[str]
    removed: set[str] = field(default_factory=lambda: {"old-1", "old-2"})
    new: pd.DataFrame | None = None
    stored: np.ndarray | None = None
    retrievable: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    dimension: int = DIMENSION
    texts: list[str] | None = None

    def batches(self) -> Iterator[pa.Table]:
        width = self.vectors.shape[1]
        for first in range(0, len(self.chunk_ids), 33):
            rows = slice(first, first + 33)
            flat = pa.array(self.vectors[rows].ravel(), pa.float32())
            yield pa.table(
                {
                    "chunk_id": self.chunk_ids[rows],
                    "doc_id": self.doc_ids[rows],
                    **content_of(self.texts[rows] if self.texts else self.chunk_ids[rows]),
                    "vector": pa.FixedSizeListArray.from_arrays(flat, width),
                }
            )

    def judge(self, **changed: Any) -> GateResult:
        """Judge it, re-embedding every sixth chunk; the fresh vectors are those of the clean ingest."""
        fresh, stored = clean(), dict(zip(self.chunk_ids, self.vectors, strict=True))
        rows = [row for row in range(0, len(fresh.chunk_ids), 6) if fresh.chunk_ids[row] in stored]
        names = [fresh.chunk_ids[row] for row in rows]
        given: dict[str, Any] = {
            "ledger": self.ledger,
            "expected_doc_ids": self.expected,
            "removed_doc_ids": self.removed,
            "store_batches": self.batches(),
            "chunk_id_of": lambda doc_id, start, end, text: text,
            "expected_chunks": self.new,
            "dimension": self.dimension,
            "reembedded": ReembeddedSample(names, np.array([stored[name] for name in names]), fresh.vectors[rows]),
            "index_search": BOTH_WAYS,
            "removed_still_retrievable": self.retrievable,
            "expected_hashes": self.hashes,
            "settings": ReconcileSettings(),
        }
        return judge_reconcile(**given | changed)


def content_of(texts: list[str]) -> dict[str, list[Any]]:
    """The columns that make a chunk's id, which is its text here."""
    return {"start": [0] * len(texts), "end": [9] * len(texts), "text": texts}


def clean() -> Ingest:
    random = np.random.default_rng(7)
    n = N_DOCUMENTS * CHUNKS_EACH
    vectors = random.normal(size=(n, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chunk_ids = [f"c{row:04}" for row in range(n)]
    doc_ids = [f"doc-{row // CHUNKS_EACH:02}" for row in range(n)]
    names = sorted(set(doc_ids))
    ledger = pd.DataFrame(
        {"doc_id": names, "content_hash": [f"hash of {name}" for name in names], "n_chunks": CHUNKS_EACH}
    )
    new = pd.DataFrame({"chunk_id": chunk_ids[-20:], "doc_id": doc_ids[-20:]})
    hashes = {name: f"hash of {name}" for name in names[-4:]}
    return Ingest(vectors, chunk_ids, doc_ids, ledger, set(names), new=new, hashes=hashes)


def without_rows(ingest: Ingest, rows: set[int]) -> Ingest:
    kept = [row for row in range(len(ingest.chunk_ids)) if row not in rows]
    return replace(
        ingest,
        vectors=ingest.vectors[kept],
        chunk_ids=[ingest.chunk_ids[row] for row in kept],
        doc_ids=[ingest.doc_ids[row] for row in kept],
    )


def with_rows(ingest: Ingest, chunk_ids: list[str], doc_ids: list[str]) -> Ingest:
    return replace(
        ingest,
        vectors=np.vstack([ingest.vectors, ingest.vectors[: len(chunk_ids)]]),
        chunk_ids=ingest.chunk_ids + chunk_ids,
        doc_ids=ingest.doc_ids + doc_ids,
    )


def missing_document() -> Ingest:
    return without_rows(clean(), set(range(5, 10)))


def missing_from_ledger() -> Ingest:
    ingest = clean()
    return replace(ingest, ledger=ingest.ledger[ingest.ledger["doc_id"] != "doc-03"])


def ghost_in_store() -> Ingest:
    return with_rows(clean(), ["g1", "g2"], ["ghost", "ghost"])


def ghost_in_ledger() -> Ingest:
    ingest = clean()
    row = pd.DataFrame({"doc_id": ["ghost"], "content_hash": ["x"], "n_chunks": [3]})
    return replace(ingest, ledger=pd.concat([ingest.ledger, row]))


def doubled_in_ledger() -> Ingest:
    ingest = clean()
    return replace(ingest, ledger=pd.concat([ingest.ledger, ingest.ledger.head(1)]))


def stale_in_ledger() -> Ingest:
    ingest = clean()
    return replace(ingest, hashes=ingest.hashes | {"doc-39": "hash of the new text"})


def half_of_a_document() -> Ingest:
    return without_rows(clean(), {11, 13})


def doubled_chunk_id() -> Ingest:
    return with_rows(clean(), ["c0000"], ["doc-00"])


def chunk_of_this_run_lost() -> Ingest:
    return without_rows(clean(), {198})


def old_chunk_left_over() -> Ingest:
    return with_rows(clean(), ["chunk of the old text"], ["doc-39"])


def shifted_by_one() -> Ingest:
    ingest = clean()
    return replace(ingest, vectors=np.roll(ingest.vectors, 1, axis=0))


def altered_text() -> Ingest:
    ingest = clean()
    return replace(ingest, texts=[text if text != "c0007" else "another text" for text in ingest.chunk_ids])


def not_a_number() -> Ingest:
    ingest = clean()
    vectors = ingest.vectors.copy()
    vectors[3, 2], vectors[50, 0] = np.nan, np.inf
    return replace(ingest, vectors=vectors)


def not_normalised() -> Ingest:
    ingest = clean()
    return replace(ingest, vectors=ingest.vectors * np.float32(1.01))


def wrong_dimension() -> Ingest:
    return replace(clean(), dimension=DIMENSION + 8)


def removed_still_present() -> Ingest:
    return with_rows(clean(), ["o1"], ["old-1"])


def removed_still_retrievable() -> Ingest:
    return replace(clean(), retrievable=["old-2", "old-2"])


def three_percent_complete() -> Ingest:
    """Every task succeeded, the ledger is whole, and the store holds 3 % of the chunks."""
    return without_rows(clean(), set(range(6, 200)))


SPOILT = [
    (missing_document, "missing_from_store", "1 documents of the source have no chunk in the store, such as doc-01"),
    (
        missing_from_ledger,
        "missing_from_ledger",
        "1 documents of the source are missing from the ledger, such as doc-03",
    ),
    (ghost_in_store, "ghosts_in_store", "1 documents are in the store, but neither the source nor the plan knows"),
    (ghost_in_ledger, "ghosts_in_ledger", "1 documents are in the ledger, but neither the source nor the plan knows"),
    (doubled_in_ledger, "doubled_in_ledger", "1 documents have more than one row in the ledger, such as doc-00"),
    (stale_in_ledger, "stale_in_ledger", "another content hash in the ledger than in the source, such as doc-39"),
    (half_of_a_document, "chunk_count_differs", "such as doc-02: 3 of 5"),
    (doubled_chunk_id, "doubled_chunk_ids", "1 chunk ids occur more than once, such as c0000"),
    (chunk_of_this_run_lost, "new_chunks_missing", "1 chunks that this run made are not in the store, such as c0198"),
    (altered_text, "altered_chunks", "1 chunks in the store do not have the document, place and text that their id"),
    (old_chunk_left_over, "chunks_left_over", "this run did not make them (left over), such as chunk of the old text"),
    (shifted_by_one, "reembedded_similarity", "34 of 34 chunks embedded again do not have the vector that is stored"),
    (not_a_number, "not_finite", "2 vectors hold NaN or infinite numbers, such as c0003, c0050"),
    (not_normalised, "not_unit_length", "200 vectors are not of unit length (tolerance 0.001), such as c0000"),
    (wrong_dimension, "wrong_dimension", "200 vectors have the dimension 16, not 24"),
    (removed_still_present, "removed_still_present", "1 removed documents are still in the ledger or the store"),
    (removed_still_retrievable, "removed_still_retrievable", "1 removed documents are still found by a search"),
    (three_percent_complete, "documents_in_store", "The store holds 2 of 40 expected documents (5.0%)"),
]


def test_agreement_of_source_ledger_and_store_passes() -> None:
    result = clean().judge()
    assert result.verdict is Verdict.PASSED
    assert {m.verdict for m in result.measurements} == {Verdict.PASSED}
    assert "agree on 40 documents and 200 chunks" in result.message
    assert "up to 8% wrong vectors could go unseen" in result.message


@pytest.mark.parametrize(("spoil", "name", "sentence"), SPOILT, ids=[spoil.__name__ for spoil, _, _ in SPOILT])
def test_each_disagreement_fails_with_its_own_sentence(spoil: Any, name: str, sentence: str) -> None:
    result = spoil().judge()
    assert result.verdict is Verdict.FAILED
    failed = {m.name: m for m in result.failed_measurements}
    assert sentence in failed[name].message
    assert failed[name].message in result.message


def test_each_sentence_belongs_to_one_spoilt_input_only() -> None:
    """No measurement may fail for everything, or it would explain nothing."""
    consequences = {
        "missing_from_store": {"documents_in_store"},
        "chunk_count_differs": set(),
        "doubled_chunk_ids": {"chunk_count_differs"},
        "new_chunks_missing": {"chunk_count_differs"},
        "chunks_left_over": {"chunk_count_differs"},
        "not_finite": {"reembedded_similarity"},
    }
    for spoil, name, _ in SPOILT[:-1]:
        failed = {m.name for m in spoil().judge().failed_measurements}
        assert failed - consequences.get(name, set()) <= {name}, spoil.__name__


def test_examples_are_kept_and_limited_to_ten() -> None:
    examples = not_normalised().judge().details["examples"]
    assert examples == {"not_unit_length": [f"c{row:04}" for row in range(10)]}


def test_vectors_of_uneven_length_are_counted_one_by_one() -> None:
    ingest = clean()
    rows = [vector.tolist() for vector in ingest.vectors]
    rows[4], rows[9] = rows[4][:7], None
    vectors = pa.array(rows, pa.list_(pa.float32()))
    table = pa.table(
        {"chunk_id": ingest.chunk_ids, "doc_id": ingest.doc_ids, **content_of(ingest.chunk_ids), "vector": vectors}
    )
    result = ingest.judge(store_batches=[table.slice(0, 100), table.slice(100)])
    assert [m.name for m in result.failed_measurements] == ["wrong_dimension"]
    assert result.details["examples"]["wrong_dimension"] == ["c0004", "c0009"]


def test_nothing_reembedded_is_inconclusive() -> None:
    for sample in (None, ReembeddedSample([], np.empty((0, DIMENSION)), np.empty((0, DIMENSION)))):
        result = clean().judge(reembedded=sample)
        assert result.verdict is Verdict.INCONCLUSIVE
        assert not result.needs_reference
        assert "No chunk was embedded again" in result.message


def test_an_empty_source_and_an_empty_store_prove_nothing() -> None:
    empty = pd.DataFrame({"doc_id": [], "content_hash": [], "n_chunks": []})
    result = clean().judge(
        ledger=empty,
        expected_doc_ids=[],
        removed_doc_ids=[],
        store_batches=[],
        expected_chunks=empty.rename(columns={"content_hash": "chunk_id"}),
        expected_hashes=None,
        reembedded=None,
    )
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "nothing could be compared" in result.message


def test_an_empty_store_fails_when_documents_are_expected() -> None:
    result = clean().judge(store_batches=iter(()))
    assert result.verdict is Verdict.FAILED
    assert "The store holds 0 of 40 expected documents" in result.message


def test_a_sample_of_another_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="one row of each for every chunk"):
        clean().judge(reembedded=ReembeddedSample(["c0000"], np.zeros((2, 4)), np.zeros((2, 4))))


def test_one_wrong_vector_in_the_sample_is_enough() -> None:
    vectors = clean().vectors[:30]
    stored = vectors.copy()
    stored[17] = vectors[18]
    result = clean().judge(reembedded=ReembeddedSample([f"c{row:04}" for row in range(30)], stored, vectors))
    assert "1 of 30 chunks embedded again" in result.message
    assert "c0017" in result.message


def test_wrong_vectors_name_the_cache_that_they_may_come_from() -> None:
    assert (
        "delete /data/cache (its vectors are computed again)"
        in shifted_by_one().judge(cache_folder="/data/cache").message
    )
    assert "/data/cache" not in missing_document().judge(cache_folder="/data/cache").message
    assert "cache" not in clean().judge(reembedded=None, cache_folder="/data/cache").message


def test_memory_does_not_grow_with_the_vectors() -> None:
    """Ten batches of vectors take no more memory than one, but for their ids."""
    width, rows = 512, 2000
    vector = pa.FixedSizeListArray.from_arrays(pa.array(np.full(width * rows, width**-0.5, np.float32)), width)

    def stream(n_batches: int) -> Iterator[pa.Table]:
        for batch in range(n_batches):
            chunk_ids = [f"{batch}-{row}" for row in range(rows)]
            yield pa.table({"chunk_id": chunk_ids, "doc_id": ["d"] * rows, **content_of(chunk_ids), "vector": vector})

    def peak(n_batches: int) -> int:
        ledger = pd.DataFrame({"doc_id": ["d"], "content_hash": ["x"], "n_chunks": [n_batches * rows]})
        new = pd.DataFrame({"chunk_id": [], "doc_id": []})
        tracemalloc.start()
        before = pa.total_allocated_bytes()
        held = 0

        def watched() -> Iterator[pa.Table]:
            nonlocal held
            for table in stream(n_batches):
                yield table
                held = max(held, pa.total_allocated_bytes() - before)

        result = clean().judge(
            ledger=ledger,
            expected_doc_ids=["d"],
            removed_doc_ids=[],
            store_batches=watched(),
            expected_chunks=new,
            dimension=width,
            expected_hashes=None,
        )
        numpy_peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert result.verdict is Verdict.PASSED
        return held + numpy_peak

    one_batch = rows * width * 4
    assert peak(10) - peak(1) < one_batch
