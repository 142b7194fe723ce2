"""Documents from a folder of HTML pages, extracted by trafilatura."""

import codecs
import re
from collections.abc import Iterator
from typing import Any, Literal

import trafilatura
from pydantic import BaseModel, ConfigDict, Field

from kbgate.errors import SourceError
from kbgate.parts import read_options
from kbgate.records import Document, RejectedRow
from kbgate.sources.accept import accept
from kbgate.sources.files import UTF8_BOM, SourceFile, list_folder
from kbgate.sources.rows import Columns, document_of

CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
LANGUAGE = re.compile(r"""<html[^>]{0,500}?\slang\s*=\s*["']?\s*([A-Za-z][A-Za-z0-9-]*)""", re.IGNORECASE)
TAG = re.compile(r"<[A-Za-z!/]")
WHOLE_PAGE = re.compile(r"<html[\s>]", re.IGNORECASE)
CHARSET_BYTES = 4096

READ_AS = {
    "ascii": "cp1252",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "iso8859-1": "cp1252",
    "shift_jis": "cp932",
    "utf-16": "utf-8-sig",
    "utf-8": "utf-8-sig",
}
"""What a declared encoding means in practice (WHATWG Encoding Standard), by Python's names."""


class HtmlOptions(BaseModel):
    """Options of kind `html`; all but `path` and `suffixes` are trafilatura's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="Folder; local, package:// or any fsspec URL.")
    suffixes: tuple[str, ...] = Field((".html", ".htm", ".xhtml"), min_length=1)
    boilerplate: Literal["drop", "keep"] = Field(
        "drop", description="Drop menus and footers (trafilatura.extract), or keep all text (trafilatura.html2txt)."
    )
    favor: Literal["balance", "precision", "recall"] = Field(
        "balance", description="When in doubt: drop more (precision) or keep more (recall)."
    )
    format: Literal["txt", "markdown"] = Field("txt", description="markdown keeps headings, lists and tables as such.")
    include_tables: bool = True
    include_links: bool = False


class HtmlSource:
    """Reads every HTML page below a folder; `doc_id` is the path relative to it, with forward slashes."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = read_options(HtmlOptions, options, "source.options")

    def read(self) -> Iterator[Document | RejectedRow]:
        """Yield one document a page, sorted by path.

        Raises:
            SourceError: the folder is missing or holds no HTML, a page vanished, or no page became a document.
            InfrastructureError: the disk or server did not answer.
        """
        files = list_folder(self.options.path, self.options.suffixes)
        yield from accept(self._rows(files), self.options.path)

    def _rows(self, files: list[SourceFile]) -> Iterator[Document | RejectedRow]:
        n_pages = n_tagged = 0
        for file in files:
            content = file.page()
            page = content if isinstance(content, RejectedRow) else file.decoded(content, _charset(content))
            if isinstance(page, RejectedRow):
                yield page
                continue
            # Single answers of real exports hold no tag; a whole folder without one is something else.
            n_pages, n_tagged = n_pages + 1, n_tagged + bool(TAG.search(page))
            yield self._document(file, page)
        if n_pages and not n_tagged:
            raise SourceError(
                f"None of the {n_pages} pages in {self.options.path} holds an HTML tag. "
                "Read the folder as another kind of source, or find out what the export wrote."
            )

    def _document(self, file: SourceFile, page: str) -> Document | RejectedRow:
        language = LANGUAGE.search(page)
        # Trafilatura gives up on a fragment without <html>.
        page = page if WHOLE_PAGE.search(page) else f"<html><body>{page}</body></html>"
        row = {
            "doc_id": file.name,
            "title": _title(page),
            "text": self._text(page),
            "lang": language.group(1) if language else None,
        }
        return document_of(row, Columns(), file.uri, None)

    def _text(self, page: str) -> str:
        if self.options.boilerplate == "keep":
            return trafilatura.html2txt(page)
        text = trafilatura.extract(
            page,
            output_format=self.options.format,
            include_comments=False,
            include_tables=self.options.include_tables,
            include_links=self.options.include_links,
            favor_precision=self.options.favor == "precision",
            favor_recall=self.options.favor == "recall",
        )
        return text or ""


def _charset(content: bytes) -> str:
    """The encoding a page declares (byte order mark, then meta tag), else UTF-8, as the HTML standard advises."""
    declared = CHARSET.search(content[:CHARSET_BYTES])
    if content.startswith(UTF8_BOM) or not declared:
        return "utf-8-sig"
    name = declared.group(1).decode("ascii")
    try:
        "x".encode(name)  # also refuses codecs that are not of text, such as hex
        known = codecs.lookup(name).name
        return READ_AS.get(known, known)
    except (LookupError, UnicodeError):
        return "utf-8-sig"


def _title(page: str) -> str:
    return trafilatura.extract_metadata(page, extensive=False).title or ""
