"""Write questions, judgements and quotes into a golden set's files; every other byte of them stays as it is."""

import json
from collections.abc import Callable, Mapping, Sequence

import fsspec

from kbgate.errors import GoldenSetError, InfrastructureError, UsageError
from kbgate.evaluation.golden_set import (
    QRELS_FILE,
    QUERIES_FILE,
    REQUIRED_COLUMNS,
    SPAN_COLUMNS,
    GoldenSet,
    Judgement,
    Query,
    load_golden_set,
)
from kbgate.evaluation.span_resolution import one_line
from kbgate.locations import PACKAGE_SCHEME, resolve

UNFINISHED = ".unfinished"
Cells = dict[str, str]


def open_for_writing(location: str) -> GoldenSet:
    """Return the golden set, empty if its files are yet to be made.

    Raises:
        UsageError: it lies inside an installed package.
        GoldenSetError: its files are malformed, or only one of the two is there.
    """
    if location.startswith(PACKAGE_SCHEME):
        raise UsageError(
            f"The golden set {location} is part of an installed package and is not written to. Copy its folder "
            f"({resolve(location)}), name the copy in recall.golden_set and try again."
        )
    filesystem, folder = _place(location)
    try:
        there = [filesystem.exists(f"{folder}/{name}") for name in (QUERIES_FILE, QRELS_FILE)]
    except OSError as error:
        raise InfrastructureError(f"The golden set {location} could not be read: {error}.") from error
    return load_golden_set(location) if any(there) else GoldenSet(location, (), ())


def add_question(golden: GoldenSet, query: Query, judgements: Sequence[Judgement]) -> None:
    """Append a question and its judgements; a reader sees each file before or after, never half of a line.

    The question is written first: if the judgements then fail, it is a question without a judgement, which is well-formed,
    and calling this again adds them. Columns that `qrels.tsv` lacks are added to its header.

    Raises:
        GoldenSetError: a document id cannot stand in a table.
        InfrastructureError: a file cannot be written.
    """
    for judgement in judgements:
        if judgement.doc_id != one_line(judgement.doc_id):
            raise GoldenSetError(
                f"The doc_id {judgement.doc_id!r} has white space that no row of {QRELS_FILE} can hold."
            )
    if query not in golden.queries:
        row = {
            "query_id": query.query_id,
            "text": query.text,
            **({"intent": query.intent, "key_intent": query.key_intent} if query.intent else {}),
            **({"provenance": str(query.provenance)} if query.provenance else {}),
        }
        _rewrite(golden.location, QUERIES_FILE, lambda old: _with_line(old, json.dumps(row, ensure_ascii=False)))
    _rewrite(golden.location, QRELS_FILE, lambda old: _with_rows(old, [_cells(judgement) for judgement in judgements]))


def write_quotes(golden: GoldenSet, quotes: Mapping[Judgement, str]) -> None:
    """Write the quote of each of these judgements into its row of `qrels.tsv`.

    Raises:
        InfrastructureError: the file cannot be written.
    """
    wanted = {_key(_cells(judgement)): one_line(quote) for judgement, quote in quotes.items()}

    def edited(old: str) -> str:
        header, *rows, end = _lines(old)
        columns = _columns(header, ["quote"])
        written = [_with_quote(row, _names(columns), wanted) for row in rows]
        return end.join(["\t".join(columns), *written]) + end

    _rewrite(golden.location, QRELS_FILE, edited)


def _with_quote(row: str, names: list[str], wanted: Mapping[tuple[str, ...], str]) -> str:
    cells = row.split("\t")
    values = dict(zip(names, (cell.strip() for cell in cells), strict=False))
    quote = wanted.get(_key(values))
    if quote is None or values.get("quote"):
        return row
    cells += [""] * (len(names) - len(cells))
    cells[names.index("quote")] = quote
    return "\t".join(cells).rstrip("\t")


def _key(cells: Mapping[str, str]) -> tuple[str, ...]:
    """What tells a judgement from others; numbers may be written with leading zeros."""
    numbers = tuple(cells.get(column, "").lstrip("0") for column in SPAN_COLUMNS)
    return (cells.get("query_id", ""), cells.get("doc_id", ""), *numbers)


def _with_line(old: str, line: str) -> str:
    *lines, end = _lines(old)
    return end.join([*lines, line]) + end


def _with_rows(old: str, rows: Sequence[Cells]) -> str:
    header, *lines, end = _lines(old or "\t".join(REQUIRED_COLUMNS))
    columns = _columns(header, [name for row in rows for name in row])
    written = ["\t".join(row.get(name, "") for name in _names(columns)).rstrip("\t") for row in rows]
    return end.join(["\t".join(columns), *lines, *written]) + end


def _columns(header: str, wanted: Sequence[str]) -> list[str]:
    columns = header.split("\t")
    return columns + [name for name in dict.fromkeys(wanted) if name not in _names(columns)]


def _names(columns: Sequence[str]) -> list[str]:
    """The columns without what a spreadsheet may have put around their names."""
    return [column.lstrip("\ufeff").strip() for column in columns]


def _lines(content: str) -> list[str]:
    """The lines of a file, and its line end as the last element; blank lines at its end are dropped."""
    body = content.rstrip("\r\n")
    lines = [line.removesuffix("\r") for line in body.split("\n")] if body else []
    return [*lines, "\r\n" if "\r\n" in content else "\n"]


def _cells(judgement: Judgement) -> Cells:
    values = {
        "query_id": judgement.query_id,
        "doc_id": judgement.doc_id,
        "relevance": str(judgement.relevance),
        "start": "" if judgement.start is None else str(judgement.start),
        "end": "" if judgement.end is None else str(judgement.end),
        "quote": one_line(judgement.quote or ""),
        "provenance": str(judgement.provenance or ""),
    }
    return {name: value for name, value in values.items() if value}


def _rewrite(location: str, name: str, change: Callable[[str], str]) -> None:
    filesystem, folder = _place(location)
    path = f"{folder}/{name}"
    try:
        filesystem.makedirs(folder, exist_ok=True)
        old = bytes(filesystem.cat_file(path)).decode("utf-8") if filesystem.exists(path) else ""
        filesystem.pipe_file(path + UNFINISHED, change(old).encode("utf-8"))
        filesystem.mv(path + UNFINISHED, path)
    except OSError as error:
        raise InfrastructureError(
            f"{name} of the golden set {location} could not be written: {error}. Check its folder and free space."
        ) from error


def _place(location: str) -> tuple[fsspec.AbstractFileSystem, str]:
    try:
        filesystem, folder = fsspec.core.url_to_fs(location)
    except (ImportError, ValueError) as error:
        raise InfrastructureError(f"The golden set {location} could not be opened: {error}.") from error
    return filesystem, str(folder).rstrip("/")
