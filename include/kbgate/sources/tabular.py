"""Documents from CSV and Parquet files: one row a document."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from kbgate.errors import SourceError
from kbgate.parts import read_options
from kbgate.records import Document, RejectedRow
from kbgate.sources.accept import accept
from kbgate.sources.excerpt import excerpt
from kbgate.sources.files import MAX_DOCUMENT_BYTES, SourceFile, list_files
from kbgate.sources.rows import FileRowOptions, document_of, require_columns

BATCH_ROWS = 256


class CsvOptions(FileRowOptions):
    """Options of kind `csv`; the files are UTF-8 and begin with a line of column names."""

    delimiter: str = Field(",", min_length=1, max_length=1)
    null_values: tuple[str, ...] = Field(
        ("NULL", "null", "NaN", "nan", "\\N"),
        description="Cells that mean 'no value', as databases and pandas write them.",
    )


class CsvSource:
    """Reads CSV files, row by row; `line` is the file's line on which the row begins."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = read_options(CsvOptions, options, "source.options")

    def read(self) -> Iterator[Document | RejectedRow]:
        """Yield every row, in the order of the files.

        Raises:
            SourceError: a file is missing, not UTF-8 CSV with the needed columns, mostly malformed, or ends within quotes; or
                nothing came out.
            InfrastructureError: the disk or server did not answer.
        """
        files = list_files(self.options.path)
        yield from accept((row for file in files for row in self._rows(file)), self.options.where)

    def _rows(self, file: SourceFile) -> Iterator[Document | RejectedRow]:
        names: list[str] | None = None
        last = n_rows = malformed_lines = 0
        for line, last, cells in self._cells(file):
            if names is None:
                if isinstance(cells, RejectedRow):
                    raise SourceError(f"{file.uri}, line {line} is no line of column names: {cells.reason}")
                names = [name.strip() for name in cells]
                require_columns(self.options.needed, names, f"{file.uri} (cut at {self.options.delimiter!r})")
                continue
            n_rows += 1
            if not isinstance(cells, RejectedRow) and len(cells) != len(names):
                reason = (
                    f"The row has {len(cells)} fields, {len(names)} are wanted. Look for a stray quote or delimiter."
                )
                cells = RejectedRow(file.uri, line, "malformed", reason, excerpt(self.options.delimiter.join(cells)))
            if isinstance(cells, RejectedRow):
                malformed_lines += last - line + 1
                # Each line may be a row that a stray quote swallowed.
                yield from (replace(cells, line=number) for number in range(line, last + 1))
                continue
            values = (None if cell in self.options.null_values else cell for cell in cells)
            yield document_of(dict(zip(names, values, strict=True)), self.options.columns, file.uri, line)
        if not n_rows:
            yield file.without_rows()
        if malformed_lines * 2 > last:
            raise SourceError(
                f"{file.uri} is not the CSV that was wanted: {malformed_lines} of {last} lines belong to rows with "
                f"the wrong number of fields. Check its quoting and source.options.delimiter ({self.options.delimiter!r})."
            )

    def _cells(self, file: SourceFile) -> Iterator[tuple[int, int, list[str] | RejectedRow]]:
        """Yield the first and last line of each row, and its cells."""
        csv.field_size_limit(MAX_DOCUMENT_BYTES)
        reader = csv.reader(_decoded_lines(file), delimiter=self.options.delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    raise SourceError(
                        f"{file.uri}: a quote that opens in the row of line {line} is never closed and takes in all lines up "
                        f"to the last one, {reader.line_num}. Close the quote, or double it where it belongs to the text."
                    ) from error
                reason = f"Lines {line} to {reader.line_num} are no CSV row: {error}. Look for a stray quote."
                yield line, reader.line_num, RejectedRow(file.uri, line, "malformed", reason, "")
                continue
            if cells:
                yield line, reader.line_num, cells


def _decoded_lines(file: SourceFile) -> Iterator[str]:
    for number, raw in enumerate(file.lines(), start=1):
        if len(raw) > MAX_DOCUMENT_BYTES:
            raise SourceError(f"{file.uri}, line {number} is longer than {MAX_DOCUMENT_BYTES} bytes; is this CSV?")
        # Bytes that are not UTF-8 are carried along as half characters: document_of rejects just their row.
        yield raw.decode("utf-8", "surrogateescape")


class ParquetSource:
    """Reads Parquet files, batch by batch; `line` is the row's number in its file, from 1."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = read_options(FileRowOptions, options, "source.options")

    def read(self) -> Iterator[Document | RejectedRow]:
        """Yield every row, in the order of the files.

        Raises:
            SourceError: a file is missing, not Parquet, damaged, lacks a needed column, or nothing came out.
            InfrastructureError: the disk or server did not answer.
        """
        files = list_files(self.options.path)
        yield from accept((row for file in files for row in self._rows(file)), self.options.where)

    def _rows(self, file: SourceFile) -> Iterator[Document | RejectedRow]:
        line = 0
        for batch in self._batches(file):
            for row in _values(batch):
                line += 1
                if isinstance(row, UnicodeDecodeError):
                    reason = "A string of the row is not UTF-8."
                    yield RejectedRow(file.uri, line, "encoding", reason, "")
                elif isinstance(row, OverflowError):
                    reason = "A date of the row lies beyond the year 9999. Correct it, or leave it empty."
                    yield RejectedRow(file.uri, line, "wrong_type", reason, excerpt(str(row)))
                else:
                    yield document_of(row, self.options.columns, file.uri, line)
        if not line:
            yield file.without_rows()

    def _batches(self, file: SourceFile) -> Iterator[pa.RecordBatch]:
        with file.opened() as handle:
            try:
                # Buffered, not pre-buffered: a row group larger than the memory is read piece by piece.
                table = pq.ParquetFile(handle, buffer_size=1 << 20, pre_buffer=False)
                require_columns(self.options.needed, table.schema_arrow.names, file.uri)
                yield from table.iter_batches(batch_size=BATCH_ROWS)
            except (pa.ArrowException, OSError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise  # the disk's own error; Arrow's complaints about content carry no number
                raise SourceError(
                    f"{file.uri} is not a Parquet file, or is damaged: {error}. Export it again."
                ) from error


def _values(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | UnicodeDecodeError | OverflowError]:
    """Yield the rows of a batch; the error where a string is not UTF-8 or a date is none that Python has."""
    try:
        yield from batch.to_pylist()
    except (UnicodeDecodeError, OverflowError):
        for position in range(batch.num_rows):
            try:
                yield batch.slice(position, 1).to_pylist()[0]
            except (UnicodeDecodeError, OverflowError) as error:
                yield error
