"""The folder of one run: Parquet tables, gate results and the decision, on disk or behind any fsspec URL."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from kbgate.errors import ArtifactError, InfrastructureError, UsageError
from kbgate.records import sha256_of
from kbgate.results import GateResult

UNFINISHED = ".unfinished"


class RunFolder:
    """Reads and writes the files of one run; a file is there whole or not at all.

    Args:
        artifact_root: local path or fsspec URL, such as `s3://bucket/kbgate`.
        kb: name of the knowledge base.
        run_key: name of the run's folder, see `run_key_of`.
    """

    def __init__(self, artifact_root: str, kb: str, run_key: str) -> None:
        self.kb = kb
        self.run_key = run_key
        # The pages' server lives long and must see what a run wrote a second ago, so listings are never kept.
        self._fs, root = fsspec.core.url_to_fs(artifact_root, use_listings_cache=False)
        self._path = PurePosixPath(root, kb, "runs", run_key)

    @property
    def uri(self) -> str:
        """Address of the folder, for logs and messages."""
        return str(self._fs.unstrip_protocol(str(self._path))).removeprefix("file://")

    def exists(self, name: str) -> bool:
        """Whether the run has written this file."""
        return bool(self._fs.exists(self._file(name)))

    def read_bytes(self, name: str) -> bytes:
        """Return a file as it is.

        Raises:
            ArtifactError: the run has no such file.
            InfrastructureError: the disk or server did not give it.
        """
        try:
            return bytes(self._fs.cat_file(self._file(name)))
        except FileNotFoundError as error:
            raise ArtifactError(
                f"The run {self.run_key} has no {name} in {self.uri}: the stage that writes it did not finish. Run it again."
            ) from error
        except OSError as error:
            raise self._unreadable(name, error) from error

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file in one step: a reader sees the old one or the new one."""
        with self._replacing(name) as unfinished, self._fs.open(unfinished, "wb") as file:
            file.write(content)

    def read_json(self, name: str) -> Any:
        """Return a JSON file's value.

        Raises:
            ArtifactError: missing or not JSON.
        """
        try:
            return json.loads(self.read_bytes(name))
        except (ValueError, RecursionError) as error:
            raise ArtifactError(
                f"{self.uri}/{name} is not JSON ({error}). Run the stage that writes it again."
            ) from error

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as indented JSON with sorted keys."""
        self.write_bytes(name, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str).encode())

    def read_table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Return a Parquet table.

        Raises:
            ArtifactError: missing or not Parquet.
        """
        with self._reading(name) as file:
            return file.read(columns=columns)

    def iter_table(
        self, name: str, columns: list[str] | None = None, batch_rows: int = 2000
    ) -> Iterator[pa.RecordBatch]:
        """Yield a Parquet table in batches of rows, so that memory does not grow with it."""
        with self._reading(name) as file:
            yield from file.iter_batches(batch_size=batch_rows, columns=columns)

    def write_table(self, name: str, table: pa.Table) -> None:
        """Write a Parquet table in one step."""
        self.write_batches(name, [table], table.schema)

    def write_batches(self, name: str, batches: Iterable[pa.Table], schema: pa.Schema) -> int:
        """Write tables of one schema as one Parquet file, batch by batch; return the number of rows."""
        rows = 0
        with (
            self._replacing(name) as unfinished,
            self._fs.open(unfinished, "wb") as file,
            pq.ParquetWriter(file, schema, compression="zstd") as writer,
        ):
            for batch in batches:
                writer.write_table(batch)
                rows += batch.num_rows
        return rows

    def write_gate(self, result: GateResult) -> None:
        """Write `gates/<name>.json`; done before the task fails, because people and pages read it."""
        self.write_bytes(f"gates/{result.name}.json", result.model_dump_json(indent=2).encode())

    def gate_files(self) -> dict[str, bytes]:
        """Return the content of every gate file by gate name."""
        folder = self._file("gates")
        if not self._fs.exists(folder):
            return {}
        names = sorted(PurePosixPath(path).name for path in self._fs.ls(folder, detail=False))
        return {
            name.removesuffix(".json"): self.read_bytes(f"gates/{name}") for name in names if name.endswith(".json")
        }

    def read_gates(self) -> dict[str, GateResult]:
        """Return every gate result by gate name.

        Raises:
            ArtifactError: a file is not a gate result of this version of kbgate.
        """
        results = {}
        for name, content in self.gate_files().items():
            try:
                results[name] = GateResult.model_validate_json(content)
            except ValueError as error:
                raise ArtifactError(f"{self.uri}/gates/{name}.json is not a gate result: {error}") from error
        return results

    def clear(self, *names: str) -> None:
        """Delete files that an earlier try of this run left behind."""
        for name in names:
            if self.exists(name):
                self._fs.rm(self._file(name), recursive=True)

    def _file(self, name: str) -> str:
        path = self._path / name
        if ".." in path.parts or PurePosixPath(name).is_absolute():
            raise UsageError(f"{name!r} is not the name of a file inside a run folder.")
        return str(path)

    @contextmanager
    def _replacing(self, name: str) -> Iterator[str]:
        final = self._file(name)
        unfinished = final + UNFINISHED
        try:
            self._fs.makedirs(str(PurePosixPath(final).parent), exist_ok=True)
            yield unfinished
            self._fs.mv(unfinished, final)
        except (OSError, pa.ArrowException) as error:
            raise InfrastructureError(
                f"{final} could not be written: {error}. Check artifact_root and its free space."
            ) from error

    @contextmanager
    def _reading(self, name: str) -> Iterator[pq.ParquetFile]:
        if not self.exists(name):
            self.read_bytes(name)
        try:
            with self._fs.open(self._file(name), "rb") as file:
                yield pq.ParquetFile(file)
        except pa.ArrowException as error:
            raise ArtifactError(
                f"{self.uri}/{name} is not a whole Parquet file ({error}). Run its stage again."
            ) from error
        except OSError as error:
            raise self._unreadable(name, error) from error

    def _unreadable(self, name: str, error: OSError) -> InfrastructureError:
        return InfrastructureError(f"{self.uri}/{name} could not be read: {error}. Check artifact_root and its server.")


class KbFolder(RunFolder):
    """The folder of a knowledge base itself, for the few files that belong to no run."""

    def __init__(self, artifact_root: str, kb: str) -> None:
        super().__init__(artifact_root, kb, "")
        self._path = self._path.parent


def run_key_of(dag_id: str, run_id: str) -> str:
    """Name a run's folder after its DAG and run id: readable, safe in a path, and different for different runs."""
    readable = "".join(
        character if character.isalnum() or character in "-_" else "-" for character in f"{dag_id}__{run_id}"
    )
    return f"{readable[:96]}-{sha256_of([dag_id, run_id])[:8]}"
