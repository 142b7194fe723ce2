"""Documents from JSON Lines: one JSON object a line, UTF-8."""

import json
from collections.abc import Iterator
from typing import Any

from kbgate.errors import SourceError
from kbgate.parts import read_options
from kbgate.records import Document, RejectedRow
from kbgate.sources.accept import accept
from kbgate.sources.excerpt import excerpt
from kbgate.sources.files import MAX_DOCUMENT_BYTES, SourceFile, list_files
from kbgate.sources.rows import FileRowOptions, document_of, require_columns

FIRST_LINES = 10
"""So many lines at the start, all unreadable, show that a file is not JSON Lines."""


class JsonlSource:
    """Reads JSON Lines files, line by line."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = read_options(FileRowOptions, options, "source.options")

    def read(self) -> Iterator[Document | RejectedRow]:
        """Yield every line that is not blank, in the order of the files.

        Raises:
            SourceError: a file is missing, not JSON Lines, lacks a needed field in every line, or nothing came out.
            InfrastructureError: the disk or server did not answer.
        """
        files = list_files(self.options.path)
        yield from accept((row for file in files for row in self._rows(file)), self.options.where)

    def _rows(self, file: SourceFile) -> Iterator[Document | RejectedRow]:
        missing = set(self.options.needed)
        first_fields: list[str] = []
        n_lines = n_unreadable = 0
        for number, raw in enumerate(file.lines(), start=1):
            if not raw.strip():
                continue
            n_lines += 1
            row = _parse(raw, file.uri, number)
            if isinstance(row, RejectedRow):
                n_unreadable += 1
                if n_unreadable == n_lines == FIRST_LINES:
                    raise _not_json_lines(file.uri, n_unreadable, n_lines, row)
                last_unreadable = row
                yield row
                continue
            first_fields = first_fields or list(row)
            missing -= row.keys()
            yield document_of(row, self.options.columns, file.uri, number)
        if n_unreadable * 2 > n_lines:
            raise _not_json_lines(file.uri, n_unreadable, n_lines, last_unreadable)
        if not n_lines:
            yield file.without_rows()
        elif missing:
            # A field that single lines leave out is empty there; one that no line has is misnamed.
            require_columns(sorted(missing), first_fields, file.uri)


def _parse(raw: bytes, uri: str, number: int) -> dict[str, Any] | RejectedRow:
    def reject(rule: str, reason: str) -> RejectedRow:
        return RejectedRow(uri, number, rule, reason, excerpt(raw))

    if len(raw) > MAX_DOCUMENT_BYTES:
        return reject("malformed", f"The line is longer than {MAX_DOCUMENT_BYTES} bytes.")
    try:
        row = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        found = f"byte 0x{raw[error.start]:02x} at position {error.start + 1}"
        return reject("encoding", f"The line is not UTF-8: {found}. Export it again as UTF-8.")
    except (ValueError, RecursionError) as error:
        return reject("malformed", f"The line is not JSON: {error}.")
    if not isinstance(row, dict):
        return reject("wrong_type", f"The line is a JSON {type(row).__name__}, an object {{...}} is wanted.")
    return row


def _not_json_lines(uri: str, n_unreadable: int, n_lines: int, last: RejectedRow) -> SourceError:
    return SourceError(
        f"{uri} is not JSON Lines: {n_unreadable} of its first {n_lines} lines cannot be read as JSON objects; "
        f"line {last.line}: {last.reason} Write one JSON object a line (not one array, not indented)."
    )
