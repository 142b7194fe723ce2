"""The rows that a run set aside, a page at a time, and as a CSV file that is safe to open."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from kbgate.artifacts import RunFolder
from kbgate.errors import ArtifactError, UsageError

QUARANTINE_FILE = "quarantine.parquet"
PAGE_ROWS = 50
BATCH_ROWS = 500
COLUMNS = (
    "doc_id",
    "title",
    "rule",
    "reason",
    "value",
    "severity",
    "taken_out",
    "source_uri",
    "line",
    "excerpt",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection), full-width forms included."""


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One document and one thing wrong with it; `line` is 1-based, None where the source has no lines."""

    doc_id: str
    title: str
    rule: str
    reason: str
    value: str
    severity: str
    taken_out: bool
    source_uri: str
    line: int | None
    excerpt: str


@dataclass(frozen=True, slots=True)
class QuarantineResult:
    """One page of the rows of a run, filtered by rule; `counts` has the number of rows by rule, most first."""

    counts: tuple[tuple[str, int], ...]
    rule: str | None
    rows: tuple[QuarantineRow, ...]
    n_rows: int
    page: int
    n_pages: int


def read_quarantine(folder: RunFolder, rule: str | None, page: int) -> QuarantineResult:
    """Read 50 rows, those of one rule or of all (None); a page beyond the last is the last. Only these rows' texts are kept.

    Raises:
        ArtifactError: the run has no quarantine, or the file is broken.
        UsageError: no row was set aside by this rule.
        InfrastructureError: the disk or server did not give it.
    """
    rules = _rules(folder)
    counts: dict[str, int] = {}
    for name in rules:
        counts[name] = counts.get(name, 0) + 1
    if rule is not None and rule not in counts:
        raise UsageError(
            f"No row of this run was set aside for the reason {rule!r}. Reasons that occur: "
            f"{', '.join(sorted(counts)) or 'none'}."
        )
    wanted = [position for position, name in enumerate(rules) if rule in (None, name)]
    n_pages = max(1, -(-len(wanted) // PAGE_ROWS))
    page = min(max(page, 1), n_pages)
    positions = wanted[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    return QuarantineResult(
        counts=tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        rule=rule,
        rows=tuple(_rows_at(folder, positions)),
        n_rows=len(wanted),
        page=page,
        n_pages=n_pages,
    )


def csv_lines(folder: RunFolder) -> Iterator[bytes]:
    """Yield the whole quarantine as CSV, in UTF-8 with a byte order mark, so that spreadsheets read every script.

    A cell that a spreadsheet would run as a formula begins with an apostrophe. The first piece is yielded after the first
    rows were read: a missing or broken file is an error before anything was sent.

    Raises:
        ArtifactError: the run has no quarantine, or the file is broken.
    """
    head = "\ufeff" + _csv([COLUMNS])
    for batch in folder.iter_table(QUARANTINE_FILE, batch_rows=BATCH_ROWS):
        names = batch.schema.names
        # Missing columns (an older kbgate) stay as empty cells.
        columns = [batch.column(name).to_pylist() if name in names else [None] * batch.num_rows for name in COLUMNS]
        yield (head + _csv(zip(*columns, strict=True))).encode("utf-8", "replace")
        head = ""
    if head:
        yield head.encode()


def guarded(value: object) -> str:
    """Return a value as the text of a CSV cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    begins = text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS)
    return f"'{text}" if begins else text


def _csv(rows: "Iterator[tuple[object, ...]] | list[tuple[str, ...]] | zip[tuple[object, ...]]") -> str:
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerows([guarded(value) for value in row] for row in rows)
    return written.getvalue()


def _rules(folder: RunFolder) -> list[str]:
    table = folder.read_table(QUARANTINE_FILE, ["rule"])
    if table.column_names != ["rule"]:
        raise ArtifactError(
            f"{folder.uri}/{QUARANTINE_FILE} has no column 'rule': it is not the quarantine of this version of kbgate. "
            "Run check_documents again."
        )
    return [name or "" for name in table.column("rule").to_pylist()]


def _rows_at(folder: RunFolder, positions: list[int]) -> Iterator[QuarantineRow]:
    """The rows at ascending positions; reading ends with the last of them."""
    pending, first = list(positions), 0
    for batch in folder.iter_table(QUARANTINE_FILE, batch_rows=BATCH_ROWS):
        here = [position - first for position in pending if position < first + batch.num_rows]
        if here:
            yield from map(_row, batch.take(pa.array(here)).to_pylist())
            del pending[: len(here)]
        if not pending:
            return
        first += batch.num_rows


def _row(values: dict[str, object]) -> QuarantineRow:
    texts = {name: str(values.get(name) or "") for name in COLUMNS if name not in ("taken_out", "line")}
    line = values.get("line")
    return QuarantineRow(**texts, taken_out=bool(values.get("taken_out")), line=line if isinstance(line, int) else None)
