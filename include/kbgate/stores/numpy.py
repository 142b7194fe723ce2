"""Reference store: a folder per version, everything in memory, exact search only."""

import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from kbgate.errors import InfrastructureError
from kbgate.parts import read_options
from kbgate.records import Hits
from kbgate.stores import CHUNK_COLUMNS, WHEN_DAMAGED
from kbgate.stores.chunk_table import (
    BATCH_ROWS,
    check_columns,
    check_unique,
    checked,
    chunk_schema,
    sampled_ids,
    vector_array,
    vectors_of,
)
from kbgate.stores.exact_search import check_queries, exact_search
from kbgate.stores.version_rules import check_dimension, check_droppable, check_known, check_name, check_new
from kbgate.stores.write_lock import write_lock

_CHUNKS, _VECTORS = "chunks.parquet", "vectors.npy"
_UNFINISHED = ".building-"
_DROPPED = ".dropped-"


class NumpyOptions(BaseModel):
    """Options of the store `numpy`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str = Field(min_length=1, description="Local folder; each knowledge base has its own folder in it.")

    @field_validator("uri")
    @classmethod
    def _uri_is_local(cls, uri: str) -> str:
        if "://" in uri:
            raise ValueError("the numpy store needs a local folder; use lancedb for a URL")
        return uri


class NumpyStore:
    """Chunks as Parquet beside vectors as .npy; a version is written to a hidden folder and renamed when whole."""

    def __init__(self, kb: str, options: dict[str, Any]) -> None:
        self._options = read_options(NumpyOptions, options, "store.options")
        self._folder = Path(self._options.uri) / check_name(kb, "knowledge base")

    def build(
        self,
        version: str,
        batches: Iterable[pa.Table],
        *,
        dimension: int,
        parent: str | None = None,
        removed_doc_ids: Sequence[str] = (),
    ) -> int:
        """See `kbgate.stores.Store.build`."""
        with write_lock(self._folder):
            check_new(version, parent, self.versions())
            unfinished = self._folder / f"{_UNFINISHED}{version}"
            with self._disk():
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
            tables = [chunk_schema(dimension).empty_table()]
            if parent is not None:
                check_dimension(dimension, parent, self._vectors(parent).shape[1])
                tables += [_without(table, removed_doc_ids) for table in self.read(parent, CHUNK_COLUMNS)]
            tables += checked(batches, dimension)
            chunks = pa.concat_tables(tables)
            check_unique(chunks["chunk_id"])
            with self._disk():
                pq.write_table(chunks.drop_columns(["vector"]), unfinished / _CHUNKS)
                np.save(unfinished / _VECTORS, vectors_of(chunks))
                unfinished.rename(self._folder / version)
            return chunks.num_rows

    def search(self, version: str, vectors: NDArray[np.float32], k: int, *, exact: bool = False) -> Hits:
        """See `kbgate.stores.Store.search`; this store always compares everything."""
        check_known(version, self.versions())
        queries = check_queries(vectors, self._vectors(version).shape[1], k)
        return exact_search(self.read(version, ("chunk_id", "doc_id", "vector")), queries, k)

    def read(self, version: str, columns: Sequence[str], doc_ids: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """See `kbgate.stores.Store.read`."""
        wanted = None if doc_ids is None else ("doc_id", doc_ids)
        return self._read(version, check_columns(columns), wanted)

    def sample(self, version: str, n: int, columns: Sequence[str], seed: int) -> pa.Table:
        """See `kbgate.stores.Store.sample`."""
        names = check_columns(columns)
        ids = pa.concat_tables(self._read(version, ["chunk_id"], None))["chunk_id"].to_pylist()
        wanted = ("chunk_id", sampled_ids(ids, n, seed))
        tables = self._read(version, list(dict.fromkeys([*names, "chunk_id"])), wanted)
        return pa.concat_tables(tables).sort_by("chunk_id").select(names)

    def count(self, version: str) -> int:
        """See `kbgate.stores.Store.count`."""
        check_known(version, self.versions())
        return len(self._vectors(version))

    def versions(self) -> list[str]:
        """See `kbgate.stores.Store.versions`."""
        with self._disk():
            return sorted(path.parent.name for path in self._folder.glob(f"[!.]*/{_VECTORS}"))

    def drop(self, version: str, *, protected: Collection[str]) -> None:
        """See `kbgate.stores.Store.drop`."""
        check_known(version, self.versions())
        check_droppable(version, protected)
        with write_lock(self._folder), self._disk():
            hidden = self._folder / f"{_DROPPED}{version}"
            shutil.rmtree(hidden, ignore_errors=True)
            (self._folder / version).rename(hidden)
            shutil.rmtree(hidden)

    def discard_unfinished(self) -> list[str]:
        """See `kbgate.stores.Store.discard_unfinished`."""
        if not self._folder.is_dir():
            return []
        with write_lock(self._folder), self._disk():
            for leftover in self._folder.glob(f"{_DROPPED}*"):
                shutil.rmtree(leftover)
            unfinished = sorted(self._folder.glob(f"{_UNFINISHED}*"))
            for leftover in unfinished:
                shutil.rmtree(leftover)
        return [leftover.name.removeprefix(_UNFINISHED) for leftover in unfinished]

    def _read(self, version: str, names: list[str], wanted: tuple[str, Sequence[str]] | None) -> Iterator[pa.Table]:
        """Yield at least one table; `wanted` is a column and the values to keep."""
        check_known(version, self.versions())
        with self._disk():
            vectors = self._vectors(version)
            filled = False
            first = 0
            with pq.ParquetFile(self._folder / version / _CHUNKS) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    table = pa.Table.from_batches([batch])
                    part = vector_array(vectors[first : first + table.num_rows])
                    first += table.num_rows
                    table = table.append_column("vector", part)
                    if wanted is not None:
                        table = table.filter(pc.is_in(table[wanted[0]], pa.array(wanted[1], pa.string())))
                    if table.num_rows:
                        filled = True
                        yield table.select(names)
            if not filled:
                yield chunk_schema(vectors.shape[1]).empty_table().select(names)

    def _vectors(self, version: str) -> NDArray[np.float32]:
        with self._disk():
            return np.load(self._folder / version / _VECTORS, mmap_mode="r")

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, ValueError) as error:
            # NumPy and Arrow report a damaged file as one of the last two.
            raise InfrastructureError(
                f"store.options.uri: the folder {self._folder} cannot be used: {error}. {WHEN_DAMAGED}"
            ) from error


def _without(table: pa.Table, doc_ids: Sequence[str]) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["doc_id"], pa.array(doc_ids, pa.string()))))
