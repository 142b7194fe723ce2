"""Vectors by content: what a model once embedded is never embedded again, not after a failed run, not after a rollback."""

import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

import lmdb
import numpy as np
from numpy.typing import NDArray

from kbgate.errors import ArtifactError, InfrastructureError
from kbgate.records import EmbeddingFingerprint

_SMALLEST_MAP_BYTES = 64 * 2**20
_UNIT_TOLERANCE = 1e-3
_DAMAGED = (
    lmdb.CorruptedError,
    lmdb.InvalidError,
    lmdb.PageNotFoundError,
    lmdb.PanicError,
    lmdb.VersionMismatchError,
)

Answer = TypeVar("Answer")

# LMDB may be open only once in a process, and must not be open across a fork: each call opens and closes it (1 ms) while
# it holds this lock, and a fork waits for the lock.
_ONE_AT_A_TIME = threading.Lock()
os.register_at_fork(
    before=_ONE_AT_A_TIME.acquire,
    after_in_parent=_ONE_AT_A_TIME.release,
    after_in_child=_ONE_AT_A_TIME.release,
)


def vector_key(fingerprint: EmbeddingFingerprint, prefix: str, text: str, model_probe: bytes = b"") -> bytes:
    """Return the key of a text's vector: fingerprint digest (16 bytes) and SHA-256 of what the model reads (32 bytes).

    `model_probe` tells models apart that share a fingerprint; see `CachedEmbedder`.
    """
    content = hashlib.sha256(model_probe + (prefix + text).encode("utf-8", "surrogatepass")).digest()
    return fingerprint.digest.encode("ascii") + content


class VectorCache:
    """Unit vectors on disk in an LMDB file in `folder`, which must be on a local disk, not on a network file system.

    Safe for several processes and threads, and after kill -9: a step is stored whole or not at all. The file grows by
    itself. Nothing stays open between calls. The folder may be deleted at any time; the vectors are then computed again.

    Raises:
        ArtifactError: the file is damaged.
        InfrastructureError: the folder cannot be written or the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open between calls, so there is nothing to close."""

    def get_many(self, keys: Sequence[bytes], dimension: int) -> list[NDArray[np.float32] | None]:
        """Return the vector of each key, or None where there is none or what is stored is no unit vector of `dimension`."""

        def read(environment: lmdb.Environment) -> list[bytes | None]:
            with environment.begin() as transaction:
                return [transaction.get(key) for key in keys]

        return [_checked(value, dimension) for value in self._run(read)]

    def put_many(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Store all of `vectors` (unit length, float32) in one step; what was stored under a key is replaced."""

        def write(environment: lmdb.Environment) -> None:
            with environment.begin(write=True) as transaction:
                for key, vector in sorted(vectors.items(), key=lambda item: item[0]):
                    transaction.put(key, np.ascontiguousarray(vector, dtype="<f4").tobytes())

        if vectors:
            self._run(write)

    def _run(self, work: Callable[[lmdb.Environment], Answer]) -> Answer:
        """Open the file, let `work` use it, close it; with a larger map again when the file outgrew it."""
        spare_bytes = _SMALLEST_MAP_BYTES
        with _ONE_AT_A_TIME:
            while True:
                try:
                    with self._open(spare_bytes) as environment:
                        self._check_size(environment)
                        return work(environment)
                except (lmdb.MapFullError, lmdb.MapResizedError):
                    spare_bytes *= 2
                except _DAMAGED as error:
                    raise ArtifactError(
                        f"The vector cache {self._folder} is damaged ({error}). Delete that folder; "
                        "its vectors will be computed again."
                    ) from error
                except (lmdb.Error, OSError) as error:
                    raise InfrastructureError(
                        f"The vector cache {self._folder} cannot be used ({error}). "
                        "Check that the folder is on a local disk, writable and not full, or set embedder.cache to another."
                    ) from error

    def _open(self, spare_bytes: int) -> lmdb.Environment:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / "data.mdb"
        map_bytes = (file.stat().st_size if file.exists() else 0) + spare_bytes
        environment = lmdb.open(str(self._folder), map_size=map_bytes, max_readers=1024, mode=0o640, readahead=False)
        # Readers that were killed would keep old pages alive.
        environment.reader_check()
        return environment

    def _check_size(self, environment: lmdb.Environment) -> None:
        """Refuse a file that was cut short: a look at a page beyond its end would kill the process (SIGBUS)."""
        wanted_bytes = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
        file_bytes = (self._folder / "data.mdb").stat().st_size
        if file_bytes < wanted_bytes:
            raise lmdb.CorruptedError(f"data.mdb has {file_bytes:,} of {wanted_bytes:,} bytes")


def _checked(value: bytes | None, dimension: int) -> NDArray[np.float32] | None:
    """Return the stored vector, or None unless it has the right size and unit length."""
    if value is None or len(value) != 4 * dimension:
        return None
    vector = np.frombuffer(value, dtype="<f4").astype(np.float32)
    length = float(np.linalg.norm(vector))
    return vector if abs(length - 1) <= _UNIT_TOLERANCE else None
