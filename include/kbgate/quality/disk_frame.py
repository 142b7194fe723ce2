"""A frame that is collected batch by batch and whose texts lie in a file, not in memory."""

import mmap
import tempfile
import weakref
from typing import Any

import pandas as pd
import pyarrow as pa


class DiskFrame:
    """Collects batches of rows in a nameless temporary file (in TMPDIR), then gives them as one frame.

    Numbers of the frame are in memory. Texts are mapped from the file: only what is looked at is read, and the system may
    let go of it again. The file vanishes with the last frame that reads from it.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with this object)
        self._writer: Any = None
        weakref.finalize(self, self._file.close)

    def append(self, rows: pd.DataFrame) -> None:
        """Take rows; all batches have the same columns and dtypes."""
        batch = pa.RecordBatch.from_pandas(rows, preserve_index=False)
        if self._writer is None:
            self._writer = pa.ipc.new_file(self._file, batch.schema)
        self._writer.write_batch(batch)

    def frame(self) -> pd.DataFrame:
        """Return all rows in order, without columns if there are none; nothing can be appended any more."""
        if self._writer is None:
            return pd.DataFrame()
        self._writer.close()
        self._file.flush()
        mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        rows = pa.ipc.open_file(pa.py_buffer(mapped)).read_all().to_pandas(split_blocks=True)
        # The numbers are copied by now, and what was read of the file for it is not needed in memory.
        mapped.madvise(mmap.MADV_DONTNEED)
        return rows
