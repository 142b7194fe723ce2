"""One writer at a time for the versions of a knowledge base that lie in a local folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kbgate.errors import ConflictError, InfrastructureError


@contextmanager
def write_lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when the process ends, however it ends.

    Raises:
        ConflictError: another process is building or dropping a version there.
        InfrastructureError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("w", encoding="utf-8")
    except OSError as error:
        raise InfrastructureError(f"store.options.uri: the folder {folder} cannot be written to: {error}.") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"Another process is building or dropping a version in {folder}; nothing was changed. "
                "Try again when it has ended."
            ) from error
        yield
