"""Immutable versions of the chunks and vectors of one knowledge base; which one is live is the registry's business.

Every batch is a `pyarrow.Table` with the columns of `CHUNK_COLUMNS`; `vector` is `fixed_size_list<float32>[dimension]`,
unit length. Errors of every backend: `UsageError` for a version that does not exist, exists already or is protected and
for chunks that do not have this shape, `ConflictError` while another process writes the same knowledge base,
`InfrastructureError` for a server or disk that does not answer.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kbgate.records import Hits

if TYPE_CHECKING:
    import pyarrow as pa

REGISTRY = {
    "lancedb": "kbgate.stores.lancedb:LanceDbStore",
    "numpy": "kbgate.stores.numpy:NumpyStore",
    "pgvector": "kbgate.stores.pgvector:PgvectorStore",
}

WHEN_DAMAGED = (
    "Can it be reached and written, and is the disk not full? If a version's files are damaged or gone, roll back to another "
    "version (kbgate rollback) or restore the folder from its backup; the next ingest builds on the version that is live."
)
"""What a person does when files of a store cannot be used; the end of that message."""

CHUNK_COLUMNS = ("chunk_id", "doc_id", "position", "start", "end", "text", "heading_path", "n_tokens", "vector")


class Store(Protocol):
    """Holds finished versions of one knowledge base. A version being built is invisible until it is whole."""

    def __init__(self, kb: str, options: dict[str, Any]) -> None: ...

    def build(
        self,
        version: str,
        batches: Iterable["pa.Table"],
        *,
        dimension: int,
        parent: str | None = None,
        removed_doc_ids: Sequence[str] = (),
    ) -> int:
        """Make `version` = `parent` without `removed_doc_ids`, plus `batches`; return its number of chunks.

        What an earlier, interrupted build of the same version left behind is discarded first. The version appears in
        `versions()` only when everything is stored, and never changes after. A parent can be dropped while its children
        stay. Chunk ids are unique within a version; a changed document's id belongs in `removed_doc_ids`, its new chunks
        in `batches`. `parent` must have the same dimension.

        Raises:
            UsageError: a batch is not as described above, a vector is not finite or zero, or a chunk id occurs twice;
                nothing is visible then.
        """

    def search(self, version: str, vectors: NDArray[np.float32], k: int, *, exact: bool = False) -> Hits:
        """Return the k most similar chunks of each row of `vectors` (n_queries, dimension).

        Similarity is cosine, rounded to float32; equal values go by chunk id ascending. With `exact` every chunk is
        compared and all backends agree; without it the store may use its approximate index.
        """

    def read(self, version: str, columns: Sequence[str], doc_ids: Sequence[str] | None = None) -> Iterator["pa.Table"]:
        """Yield the chunks in batches, of all documents or of `doc_ids`, with just `columns`; in no promised order.

        At least one table comes, with no rows if there are none, so that the columns are always known.
        """

    def sample(self, version: str, n: int, columns: Sequence[str], seed: int) -> "pa.Table":
        """Return n chunks (all, if there are fewer), the same ones for the same seed, ordered by chunk id."""

    def count(self, version: str) -> int:
        """Number of chunks of a version."""

    def versions(self) -> list[str]:
        """Names of the finished versions, sorted."""

    def drop(self, version: str, *, protected: Collection[str]) -> None:
        """Delete a version for good; refuses one that is in `protected` (those a release names)."""

    def discard_unfinished(self) -> list[str]:
        """Delete what interrupted builds left behind and return their version names."""
