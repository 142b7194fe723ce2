"""Find and open the files a source names: local paths, globs, `package://` addresses and fsspec URLs."""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from kbgate.errors import EmptySourceError, InfrastructureError, KbgateError, SettingsError, SourceError
from kbgate.locations import resolve
from kbgate.records import RejectedRow
from kbgate.sources.excerpt import excerpt

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
"""Longest line, or whole page, that is read; it bounds the memory that one broken row can take."""

UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
HEAD_BYTES = 4096
BUFFER_BYTES = 1024 * 1024
GLOB_CHARACTERS = "*?["
EMPTY_FILE = "empty_file"
"""Rule of the row that stands for a file without any row: one of several may be the part that an export did not write."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a listing found: `uri` for messages, `name` relative to the listed folder, with forward slashes."""

    filesystem: AbstractFileSystem
    path: str
    uri: str
    name: str

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open for reading bytes, buffered; failures to open and to read become errors that name the file.

        Raises:
            SourceError: the file vanished since it was listed, or may not be read.
            InfrastructureError: the disk or server did not answer.
        """
        with translated(self.uri), self.filesystem.open(self.path, "rb") as handle:
            yield io.BufferedReader(handle, BUFFER_BYTES)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of a UTF-8 text file undecoded, without its byte order mark.

        A line longer than MAX_DOCUMENT_BYTES is cut one byte above that length, and the rest of it is skipped.

        Raises:
            SourceError: the file vanished, or begins like UTF-16 or binary data.
            InfrastructureError: the disk or server did not answer.
        """
        with self.opened() as handle:
            head = handle.peek(HEAD_BYTES)[:HEAD_BYTES]  # type: ignore[attr-defined]
            if head.startswith(UTF16_BOMS) or b"\0" in head:
                raise SourceError(
                    f"{self.uri} is UTF-16 or binary data: it begins with {excerpt(head, 20)!r}. "
                    "UTF-8 text was wanted; export the file again as UTF-8."
                )
            if head.startswith(UTF8_BOM):
                handle.read(len(UTF8_BOM))
            while line := handle.readline(MAX_DOCUMENT_BYTES + 1):
                yield line
                while len(line) > MAX_DOCUMENT_BYTES and not line.endswith(b"\n"):
                    line = handle.readline(MAX_DOCUMENT_BYTES + 1) or b"\n"

    def without_rows(self) -> RejectedRow:
        """The row that stands for this file if it holds none."""
        reason = "The file holds no row. Find out why the export wrote nothing into it, or take it away."
        return RejectedRow(self.uri, None, EMPTY_FILE, reason, "")

    def page(self) -> bytes | RejectedRow:
        """Return the whole file, or the reason why it is too large to be one document.

        Raises:
            SourceError: the file vanished since it was listed.
            InfrastructureError: the disk or server did not answer.
        """
        with self.opened() as handle:
            content = handle.read(MAX_DOCUMENT_BYTES + 1)
        if len(content) > MAX_DOCUMENT_BYTES:
            reason = f"The file is larger than {MAX_DOCUMENT_BYTES} bytes, too large for one document."
            return RejectedRow(self.uri, None, "malformed", reason, excerpt(content), self.name)
        return content

    def decoded(self, content: bytes, encoding: str = "utf-8-sig") -> str | RejectedRow:
        """Decode a page strictly; the rejection names the first line that is not text in that encoding."""
        try:
            text = content.decode(encoding)
            bad = text.find("\0")
            if bad < 0:
                return text
            line, found = text.count("\n", 0, bad) + 1, "a NUL character (binary or UTF-16 data)"
        except UnicodeError as error:
            start = getattr(error, "start", 0)
            line, found = content.count(b"\n", 0, start) + 1, f"byte 0x{content[start]:02x}"
        reason = (
            f"Line {line} holds {found}, which is not {encoding.removesuffix('-sig')} text. Save the file as UTF-8."
        )
        return RejectedRow(self.uri, line, "encoding", reason, excerpt(content.split(b"\n")[line - 1]), self.name)


def list_files(locations: str | Sequence[str]) -> list[SourceFile]:
    """List the files that paths, URLs or globs name, each once, sorted by path; a glob leaves hidden files out.

    Links are followed.

    Raises:
        SourceError: a file is missing, a glob matches nothing or a link that leads nowhere, or a folder was named.
        SettingsError: the protocol of a URL, or the package of a `package://` address, is not installed.
        InfrastructureError: the disk or server did not answer.
    """
    found: dict[str, SourceFile] = {}
    for location in [locations] if isinstance(locations, str) else locations:
        filesystem, path = _open_location(location)
        with translated(location):
            kind = _kind(filesystem, path)
            if kind == "directory":
                raise SourceError(
                    f"{location} is a folder, a file was wanted. Name the file, or a glob such as *.jsonl."
                )
            paths = [path]
            if kind is None:
                if not any(character in path for character in GLOB_CHARACTERS):
                    raise SourceError(
                        f"{location} does not exist. Correct the path, or find out why the file vanished."
                    )
                matches = filesystem.glob(path, detail=True)
                kinds = {match: _listed_kind(filesystem, match, matches[match]) for match in matches}
                paths = [
                    match for match, kind in kinds.items() if kind in ("file", "broken link") and not _hidden(match)
                ]
                for match in paths:
                    if kinds[match] == "broken link":
                        raise _broken(match)
                if not paths:
                    raise SourceError(
                        f"No file matches {location}. Correct the pattern, or find out why they vanished."
                    )
        for one in paths:
            uri = _uri(filesystem, one)
            found[uri] = SourceFile(filesystem, one, uri, PurePosixPath(one).name)
    return [found[uri] for uri in sorted(found)]


def list_folder(location: str, suffixes: Sequence[str]) -> list[SourceFile]:
    """List the files below a folder whose names end in one of `suffixes` (any case), sorted by relative path.

    Files and folders whose name begins with a dot are left out; links to files and folders are followed.

    Raises:
        EmptySourceError: the folder holds no file at all.
        SourceError: the folder is missing, is a file or holds no such file, or a link leads nowhere or to where it stands.
        SettingsError: the protocol of a URL, or the package of a `package://` address, is not installed.
        InfrastructureError: the disk or server did not answer.
    """
    filesystem, root = _open_location(location)
    with translated(location):
        kind = _kind(filesystem, root)
        if kind is None:
            raise SourceError(f"The folder {location} does not exist. Correct the path, or find out why it vanished.")
        if kind == "file":
            raise SourceError(f"{location} is a file, a folder was wanted. Name the folder that holds it.")
        paths = _files_below(filesystem, root)
    named = {path.removeprefix(root).lstrip("/"): path for path in paths}
    if not named:
        raise EmptySourceError(f"The folder {location} is empty. Find out why the export wrote nothing.")
    wanted = tuple(suffix.lower() for suffix in suffixes)
    files = [
        SourceFile(filesystem, path, _uri(filesystem, path), name)
        for name, path in sorted(named.items())
        if name.lower().endswith(wanted)
    ]
    for name, path in named.items():
        # What bears no suffix may have been a folder of wanted files.
        may_be_wanted = name.lower().endswith(wanted) or not PurePosixPath(name).suffix
        if may_be_wanted and isinstance(filesystem, LocalFileSystem) and _is_broken(path):
            raise _broken(path)
    if not files:
        raise SourceError(
            f"The folder {location} holds {len(named)} files, none of which ends in {' or '.join(suffixes)}. "
            "Correct source.options.path, or find out why they vanished."
        )
    return files


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn what a file system raises into an error of kbgate that names `uri`."""
    try:
        yield
    except (KbgateError, UnicodeError):
        raise
    except FileNotFoundError as error:
        raise SourceError(
            f"{uri} vanished while it was being read. Find out who removed it, then run again."
        ) from error
    except (PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise SourceError(
            f"{uri} cannot be read: {error.strerror or error}. Correct the path or its rights."
        ) from error
    except Exception as error:  # every file system of fsspec has its own errors for a server that is down
        raise InfrastructureError(
            f"{uri} did not answer ({type(error).__name__}: {error}). Try again later."
        ) from error


def _open_location(location: str) -> tuple[AbstractFileSystem, str]:
    resolved = resolve(location)
    with translated(location):
        try:
            filesystem, path = url_to_fs(resolved)
        except ImportError as error:
            raise SettingsError(f"{location} needs a Python package that is not installed: {error}.") from error
        except ValueError as error:
            raise SettingsError(f"{location} is not an address that can be opened: {error}.") from error
        filesystem.invalidate_cache()  # a worker lives for days, and its listing of last night is stale
        return filesystem, path


def _kind(filesystem: AbstractFileSystem, path: str) -> str | None:
    try:
        return str(filesystem.info(path)["type"])
    except FileNotFoundError:
        return None


def _listed_kind(filesystem: AbstractFileSystem, path: str, info: Mapping[str, Any]) -> str:
    """What a listed path is; of a link, which a listing describes itself, what it leads to."""
    if not info.get("islink"):
        return str(info["type"])
    if _is_broken(path):
        return "broken link"
    return "directory" if os.path.isdir(path) else "file"


def _is_broken(path: str) -> bool:
    return os.path.islink(path) and not os.path.exists(path)


def _broken(link: str) -> SourceError:
    return SourceError(f"{link} is a link to {os.readlink(link)}, which does not exist. Repair it, or take it away.")


def _files_below(filesystem: AbstractFileSystem, root: str, above: tuple[str, ...] = ()) -> list[str]:
    """Paths of all files below a folder, and of broken links; `above` are the real folders whose links led here."""
    local = isinstance(filesystem, LocalFileSystem)
    above = (*above, os.path.realpath(root) if local else root)
    found = []
    # Without on_error a subfolder that may not be read would be left out silently.
    for path, info in filesystem.find(root, detail=True, **({"on_error": "raise"} if local else {})).items():
        if any(map(_hidden, path.removeprefix(root).lstrip("/").split("/"))):
            continue
        if _listed_kind(filesystem, path, info) != "directory":
            found.append(path)
            continue
        target = os.path.realpath(path)
        places = (*above, os.path.realpath(os.path.dirname(path)))
        if any(f"{place}/".startswith(f"{target}/") for place in places):
            raise SourceError(f"{path} is a link to {target}, in which it stands itself. Take the link away.")
        found += _files_below(filesystem, path, above)
    return found


def _hidden(path: str) -> bool:
    return PurePosixPath(path).name.startswith(".")


def _uri(filesystem: AbstractFileSystem, path: str) -> str:
    return path if isinstance(filesystem, LocalFileSystem) else str(filesystem.unstrip_protocol(path))
