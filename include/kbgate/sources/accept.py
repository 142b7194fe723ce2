"""Hold back doubled ids, and refuse a source out of which nothing came."""

from collections.abc import Iterable, Iterator

from kbgate.errors import EmptySourceError, SourceError
from kbgate.records import Document, RejectedRow
from kbgate.sources.excerpt import excerpt
from kbgate.sources.files import EMPTY_FILE


def accept(rows: Iterable[Document | RejectedRow], where: str) -> Iterator[Document | RejectedRow]:
    """Pass rows on; of the documents with one `doc_id` the first is kept, later ones are rejected as doubled.

    Memory grows by the ids only.

    Raises:
        EmptySourceError: at the end, if there were no rows at all; names `where`.
        SourceError: at the end, if none of the rows became a document; names `where`.
    """
    seen: set[str] = set()
    first_rejected: RejectedRow | None = None
    for row in rows:
        if isinstance(row, RejectedRow) and row.rule == EMPTY_FILE:
            yield row
        elif isinstance(row, RejectedRow):
            first_rejected = first_rejected or row
            yield row
        elif row.doc_id in seen:
            reason = "The doc_id occurred before; the first document with it was kept. Give each document its own id."
            yield RejectedRow(row.source_uri, row.line, "doubled_doc_id", reason, excerpt(row.doc_id), row.doc_id)
        else:
            seen.add(row.doc_id)
            yield row
    if seen:
        return
    if first_rejected is None:
        raise EmptySourceError(f"{where} is empty: it holds no row. Find out why the export wrote nothing.")
    line = "" if first_rejected.line is None else f", line {first_rejected.line}"
    raise SourceError(
        f"No row of {where} became a document. The first failed at {first_rejected.source_uri}{line}: "
        f"{first_rejected.reason} Correct the file, or source.options."
    )
