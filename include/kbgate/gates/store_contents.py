"""What one pass over a candidate's chunks finds; it keeps ids and counts, so memory does not grow with the vectors."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

UNIT_TOLERANCE = 1e-3
"""A vector whose length differs from 1 by more is not normalised; float16 rounding alone stays below it."""


COLUMNS = ("chunk_id", "doc_id", "start", "end", "text", "vector")
"""What a batch must have."""

ChunkIdOf = Callable[[str, int, int, str], str]
"""The id that a chunk must have, from its doc_id, start, end and text."""


@dataclass(slots=True)
class StoreContents:
    """Ids and flaws of all chunks; `altered` are chunks that are not what their id says, the next three have a vector at fault."""

    n_chunks: int = 0
    dimensions: set[int] = field(default_factory=set)
    altered: list[str] = field(default_factory=list)
    wrong_dimension: list[str] = field(default_factory=list)
    not_finite: list[str] = field(default_factory=list)
    not_unit: list[str] = field(default_factory=list)
    chunk_ids: "list[pa.ChunkedArray]" = field(default_factory=list)
    doc_ids: "list[pa.ChunkedArray]" = field(default_factory=list)

    def chunks_by_document(self) -> dict[str, int]:
        """Number of chunks of each document."""
        counted = _value_counts(self.doc_ids)
        return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))

    def doubled_chunk_ids(self) -> list[str]:
        """Chunk ids that occur more than once."""
        import pyarrow.compute as pc

        counted = _value_counts(self.chunk_ids)
        doubled: list[str] = counted.field("values").filter(pc.greater(counted.field("counts"), 1)).to_pylist()
        return doubled

    def pairs_of(self, doc_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield (chunk_id, doc_id) of the stored chunks of some documents."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(sorted(doc_ids), pa.string())
        for chunk_ids, stored in zip(self.chunk_ids, self.doc_ids, strict=True):
            inside = pc.is_in(stored, value_set=wanted)
            yield from zip(chunk_ids.filter(inside).to_pylist(), stored.filter(inside).to_pylist(), strict=True)


def read_store_contents(batches: "Iterable[pa.Table]", dimension: int, chunk_id_of: ChunkIdOf) -> StoreContents:
    """Read batches with `COLUMNS` once; every vector should have `dimension` numbers and length 1.

    A chunk's id is made of its document, place and text, so that a store which changed one of them is found out here.
    """
    import pyarrow as pa

    contents = StoreContents()
    for table in batches:
        contents.n_chunks += len(table)
        contents.chunk_ids.append(table.column("chunk_id").cast(pa.string()))
        contents.doc_ids.append(table.column("doc_id").cast(pa.string()))
        names, *parts = (table.column(name).to_pylist() for name in COLUMNS[:-1])
        contents.altered += [
            name for name, *part in zip(names, *parts, strict=True) if None in part or chunk_id_of(*part) != name
        ]
        for batch in table.select(["chunk_id", "vector"]).to_batches():
            _look_at_vectors(batch.column(0), batch.column(1), dimension, contents)
    return contents


def _look_at_vectors(chunk_ids: "pa.Array", vectors: "pa.Array", dimension: int, contents: StoreContents) -> None:
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(vectors), 0).to_numpy(zero_copy_only=False)
    contents.dimensions.update(lengths.tolist())
    right = lengths == dimension
    contents.wrong_dimension += chunk_ids.filter(~right).to_pylist()
    if not right.any():
        return
    # A null inside a vector becomes NaN here, so it is found below.
    rows = pc.list_flatten(vectors.filter(right)).to_numpy(zero_copy_only=False).reshape(-1, dimension)
    ids = chunk_ids.filter(right)
    finite = np.isfinite(rows).all(axis=1)
    unit = np.abs(np.linalg.norm(rows, axis=1) - 1) <= UNIT_TOLERANCE
    contents.not_finite += ids.filter(~finite).to_pylist()
    contents.not_unit += ids.filter(finite & ~unit).to_pylist()


def _value_counts(columns: "list[pa.ChunkedArray]") -> "pa.StructArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.value_counts(pa.chunked_array([array for column in columns for array in column.chunks], pa.string()))
