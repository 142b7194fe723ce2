"""The run folders of one knowledge base together: which are the newest, and one small file of many of them."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from kbgate.artifacts import UNFINISHED
from kbgate.errors import InfrastructureError

# What file systems call the time of the last change.
TIMES = ("mtime", "LastModified", "last_modified", "updated", "created")


class RunFolders:
    """Looks over the runs of a knowledge base, on disk or behind any fsspec URL, without opening each one.

    Args:
        artifact_root: local path or fsspec URL, such as `s3://bucket/kbgate`.
        kb: name of the knowledge base.
    """

    def __init__(self, artifact_root: str, kb: str) -> None:
        # A page must see the run that ended a second ago, so listings are never kept.
        self._fs, root = fsspec.core.url_to_fs(artifact_root, use_listings_cache=False)
        self._path = PurePosixPath(root, kb, "runs")

    def newest(self, file: str, limit: int) -> list[tuple[str, datetime]]:
        """Return run key and time (UTC) of the last change of `file`, newest first, of the runs that have it.

        Raises:
            InfrastructureError: the disk or server did not answer.
        """
        try:
            found = self._local_files(file) if isinstance(self._fs, LocalFileSystem) else self._objects(file)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unreadable(error) from error
        return sorted(found, key=lambda run: (run[1], run[0]), reverse=True)[:limit]

    def read(self, run_keys: Sequence[str], file: str) -> dict[str, bytes]:
        """Return `file` of each run that has it, by run key; a server is asked for all of them at once.

        Raises:
            InfrastructureError: the disk or server did not give one.
        """
        paths = [str(self._path / run_key / file) for run_key in run_keys]
        whole = [None] * len(paths)
        answers = self._fs.cat_ranges(paths, whole, whole, on_error="return")
        found = {}
        for run_key, content in zip(run_keys, answers, strict=True):
            if isinstance(content, FileNotFoundError | NotADirectoryError):
                continue
            if isinstance(content, Exception):
                raise self._unreadable(content) from content
            found[run_key] = bytes(content)
        return found

    def clear(self, *files: str, keep: Collection[str]) -> None:
        """Delete these files, whole or half-written, of every run whose key is not among `keep`.

        Raises:
            InfrastructureError: the disk or server did not answer.
        """
        names = [name for file in files for name in (file, file + UNFINISHED)]
        try:
            found = [str(path) for name in names for path in self._fs.glob(str(self._path / "*" / name))]
            for path in found:
                if PurePosixPath(path).parent.name not in keep:
                    self._fs.rm(path)
        except OSError as error:
            raise self._unreadable(error) from error

    def _local_files(self, file: str) -> list[tuple[str, datetime]]:
        found = []
        for folder in self._fs.ls(str(self._path), detail=False):
            path = str(PurePosixPath(folder) / file)
            if self._fs.isfile(path):
                found.append((PurePosixPath(folder).name, _time(self._fs.info(path))))
        return found

    def _objects(self, file: str) -> list[tuple[str, datetime]]:
        # An object store has no folders to look into, but lists a thousand objects in one answer.
        objects = self._fs.find(str(self._path), detail=True)
        return [
            (PurePosixPath(path).parent.name, _time(info))
            for path, info in objects.items()
            if PurePosixPath(path).name == file and PurePosixPath(path).parent.parent.name == "runs"
        ]

    def _unreadable(self, error: Exception) -> InfrastructureError:
        return InfrastructureError(
            f"The runs in {self._path} could not be read: {error}. Check artifact_root and its server."
        )


def _time(info: dict[str, Any]) -> datetime:
    value = next((info[name] for name in TIMES if info.get(name) is not None), 0)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
