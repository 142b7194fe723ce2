"""Turn a row of named values (a JSON object, a table row) into a document."""

import math
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kbgate.errors import SourceError
from kbgate.records import Document, RejectedRow
from kbgate.sources.excerpt import SURROGATE, excerpt

SCALARS = (str, int, float, Decimal, UUID, date)
"""What can be read as an id or a title (truth values cannot)."""


class Columns(BaseModel):
    """Which column of the input holds which field of a document; all other columns become metadata."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    doc_id: str = Field("doc_id", min_length=1)
    title: str = Field("title", min_length=1)
    text: str = Field("text", min_length=1)
    updated_at: str = Field("updated_at", min_length=1)
    lang: str = Field("lang", min_length=1)


class RowOptions(BaseModel):
    """Options of every source that reads rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: Columns = Columns()
    allow_missing_title: bool = Field(False, description="Accept an input without a title column; titles become ''.")

    @property
    def needed(self) -> list[str]:
        """The columns the input must have: id and text, the title unless it may miss, and all that were named."""
        fields = {"doc_id", "text", *self.columns.model_fields_set}
        if not self.allow_missing_title:
            fields.add("title")
        return sorted({getattr(self.columns, field) for field in fields})


class FileRowOptions(RowOptions):
    """Options of every source that reads rows from files."""

    path: str | Annotated[list[str], Field(min_length=1)] = Field(
        description="File, list of files, or glob; local, package:// or any fsspec URL."
    )

    @property
    def where(self) -> str:
        """The path for messages."""
        return self.path if isinstance(self.path, str) else ", ".join(self.path)


def require_columns(needed: Collection[str], found: Collection[str], source_uri: str) -> None:
    """Check that an input has the needed columns, and every column once.

    Raises:
        SourceError: a column is missing or doubled; the message names those found and the option to correct.
    """
    names = list(found)
    missing = [name for name in needed if name not in names]
    if missing:
        raise SourceError(
            f"{source_uri} has no column {', '.join(map(repr, missing))}; found: {excerpt(', '.join(map(str, names)))}. "
            "Say which column holds what in source.options.columns, such as { doc_id = 'id', text = 'body' }, "
            "or set source.options.allow_missing_title if only titles are missing."
        )
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SourceError(
            f"{source_uri} has several columns named {', '.join(map(repr, doubled))}. Name each one once."
        )


def document_of(row: Mapping[str, Any], columns: Columns, source_uri: str, line: int | None) -> Document | RejectedRow:
    """Build the document of a row, or say why the row cannot be one.

    NULL and NaN become empty text; a number becomes a string where an id or a title is wanted. A date that is not ISO
    8601, or a language that is not text, stays in the metadata under its column's name.
    """

    def reject(rule: str, reason: str, value: Any, doc_id: str = "") -> RejectedRow:
        # An id that is not Unicode names no document; whole, any other one says which document of live is meant.
        known_id = "" if SURROGATE.search(doc_id) else doc_id
        return RejectedRow(source_uri, line, rule, reason, excerpt(value), known_id)

    def reject_type(name: str, value: Any, wanted: str, doc_id: str = "") -> RejectedRow:
        return reject("wrong_type", f"{name!r} is {type(value).__name__}, {wanted} is wanted.", value, doc_id)

    raw_id = _present(row.get(columns.doc_id))
    if not _is_scalar(raw_id):
        return reject_type(columns.doc_id, raw_id, "text or a number")
    doc_id = _as_text(raw_id).strip()
    if not doc_id:
        return reject("missing_doc_id", f"{columns.doc_id!r} is missing or empty; every row needs an id.", dict(row))
    text = _present(row.get(columns.text))
    if not isinstance(text, str | None):
        return reject_type(columns.text, text, "text", doc_id)
    title = _present(row.get(columns.title))
    if not _is_scalar(title):
        return reject_type(columns.title, title, "text", doc_id)
    updated_at, lang = _iso_date(row.get(columns.updated_at)), _present(row.get(columns.lang))
    lang = lang if isinstance(lang, str) and lang else None
    taken = {columns.doc_id, columns.title, columns.text}
    if updated_at or _present(row.get(columns.updated_at)) in (None, ""):
        taken.add(columns.updated_at)
    if lang or _present(row.get(columns.lang)) in (None, ""):
        taken.add(columns.lang)
    try:
        metadata = {_checked(str(name)): _plain(value) for name, value in row.items() if name not in taken}
        return Document(
            doc_id=_checked(doc_id),
            title=_checked(_as_text(title)),
            text=_checked(text or ""),
            source_uri=source_uri,
            updated_at=updated_at,
            lang=_checked(lang) if lang else None,
            metadata=metadata,
            line=line,
        )
    except UnicodeEncodeError as error:
        return reject("encoding", "The row holds bytes or half characters that are not UTF-8.", error.object, doc_id)
    except RecursionError:
        return reject("malformed", "The metadata is nested too deeply.", doc_id, doc_id)


def _present(value: Any) -> Any:
    return None if isinstance(value, float | Decimal) and math.isnan(value) else value


def _is_scalar(value: Any) -> bool:
    return value is None or (isinstance(value, SCALARS) and not isinstance(value, bool))


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a column of whole numbers with one NULL arrives as floats
    return str(value)


def _iso_date(value: Any) -> str | None:
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return None
    return value


def _checked(text: str) -> str:
    if not text.isascii():
        text.encode("utf-8")
    return text


def _plain(value: Any) -> Any:
    """Reduce a metadata value to what JSON can hold, the same in every run."""
    if isinstance(value, str):
        return _checked(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_checked(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(inner) for inner in value), key=str)
    if isinstance(value, date | time):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)
