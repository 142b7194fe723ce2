"""Vectors of chunks together with the document each belongs to, and what a document's chunks come to."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class ChunkVectors:
    """Chunks of some documents: `vectors` float32 (n_chunks, dimension), unit length; `doc_ids` object (n_chunks,).

    Raises:
        UsageError: the shapes do not fit together.
    """

    vectors: NDArray[np.float32]
    doc_ids: NDArray[np.object_]

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.doc_ids.shape != self.vectors.shape[:1]:
            raise UsageError(
                f"Chunk vectors have the shape {self.vectors.shape} and their document ids {self.doc_ids.shape}; "
                "wanted: (n_chunks, dimension) and (n_chunks,). Read both from the same rows of the store."
            )

    def __len__(self) -> int:
        return len(self.doc_ids)

    def rows(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "ChunkVectors":
        """The chunks at a mask or at positions."""
        return ChunkVectors(self.vectors[rows], self.doc_ids[rows])

    def of_documents(self, doc_ids: Collection[str]) -> "ChunkVectors":
        """The chunks of some documents, in their order here; ids that have no chunk here are ignored."""
        wanted = set(doc_ids)
        return self.rows(np.fromiter((doc_id in wanted for doc_id in self.doc_ids), dtype=np.bool_, count=len(self)))


@dataclass(frozen=True, slots=True, eq=False)
class DocumentSums:
    """What the chunks of each document add up to: `doc_ids` (n,) sorted, `sums` float64 (n, width), `counts` (n,)."""

    doc_ids: NDArray[np.object_]
    sums: NDArray[np.float64]
    counts: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.doc_ids)


def sum_by_document(values: NDArray[np.floating], doc_ids: NDArray[np.object_]) -> DocumentSums:
    """Add up `values` (n_chunks, width) or (n_chunks,) over the chunks of each document."""
    names, document_of = np.unique(doc_ids, return_inverse=True)
    order = np.argsort(document_of, kind="stable")
    starts = np.searchsorted(document_of[order], np.arange(len(names)))
    columns = (values[:, None] if values.ndim == 1 else values).astype(np.float64)
    sums = np.add.reduceat(columns[order], starts, axis=0) if len(names) else columns
    counts = np.bincount(document_of, minlength=len(names)).astype(np.float64)
    return DocumentSums(names, sums, counts)


def document_means(chunks: ChunkVectors) -> ChunkVectors:
    """One unit vector a document, the re-normalised mean of its chunks' vectors; documents sorted by id."""
    documents = sum_by_document(chunks.vectors, chunks.doc_ids)
    return ChunkVectors(unit_rows(documents.sums), documents.doc_ids)


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale every row to length 1; a row of zeros stays zero, so its cosine to anything is 0."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0).astype(np.float32)


def require_same_dimension(first: ChunkVectors, second: ChunkVectors) -> None:
    """Refuse to compare vectors of different length: they come from two models.

    Raises:
        UsageError: the dimensions differ.
    """
    if len(first) and len(second) and first.vectors.shape[1] != second.vectors.shape[1]:
        raise UsageError(
            f"Vectors of dimension {first.vectors.shape[1]} and {second.vectors.shape[1]} come from two embedding models; "
            "their cosine means nothing. Compare neighbourhoods of documents instead (neighbourhood_overlap)."
        )
