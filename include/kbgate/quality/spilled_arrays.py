"""Arrays that are put aside on disk and read back one at a time."""

import tempfile
import weakref
from array import array
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item", bound=np.generic)

MEMORY_BYTES = 16 * 2**20
"""So much stays in memory; only larger collections touch the disk."""


class SpilledArrays(Generic[Item]):
    """A growing list of one-dimensional arrays of one dtype, kept in a nameless temporary file (in TMPDIR).

    Memory grows by 8 bytes an array, whatever its length.
    """

    def __init__(self, dtype: type[Item]) -> None:
        self._dtype = np.dtype(dtype)
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115  (closed with this object)
        self._ends = array("q", [0])
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, values: NDArray[Item]) -> None:
        """Put an array at the end."""
        content = values.astype(self._dtype, copy=False).tobytes()
        self._file.seek(self._ends[-1])
        self._file.write(content)
        self._ends.append(self._ends[-1] + len(content))

    def __getitem__(self, place: int) -> NDArray[Item]:
        """Read the array at `place`, counted from 0."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        self._file.seek(self._ends[place])
        return np.frombuffer(self._file.read(self._ends[place + 1] - self._ends[place]), dtype=self._dtype)
