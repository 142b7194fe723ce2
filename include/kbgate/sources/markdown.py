"""Documents from a folder of Markdown files with optional YAML front matter."""

from collections.abc import Iterator
from itertools import pairwise, takewhile
from pathlib import PurePosixPath
from typing import Any

from frontmatter.default_handlers import YAMLHandler
from markdown_it import MarkdownIt
from pydantic import BaseModel, ConfigDict, Field
from yaml import YAMLError

from kbgate.parts import read_options
from kbgate.records import Document, RejectedRow
from kbgate.sources.accept import accept
from kbgate.sources.excerpt import excerpt
from kbgate.sources.files import SourceFile, list_folder
from kbgate.sources.rows import Columns, document_of

FRONT_MATTER = YAMLHandler()
COLUMNS = Columns(doc_id="path of the file", text="body of the file")
"""Names that leave the front matter's own keys `doc_id` and `text`, if any, to the metadata."""
BLOCKS = MarkdownIt("commonmark").disable("inline")
INLINE = MarkdownIt("commonmark")


class MarkdownOptions(BaseModel):
    """Options of kind `markdown`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="Folder; local, package:// or any fsspec URL.")
    suffixes: tuple[str, ...] = Field((".md", ".markdown"), min_length=1)


class MarkdownSource:
    """Reads every Markdown file below a folder; `doc_id` is the path relative to it, with forward slashes."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = read_options(MarkdownOptions, options, "source.options")

    def read(self) -> Iterator[Document | RejectedRow]:
        """Yield one document a file, sorted by path.

        Raises:
            SourceError: the folder is missing or holds no Markdown, a file vanished, or no file became a document.
            InfrastructureError: the disk or server did not answer.
        """
        files = list_folder(self.options.path, self.options.suffixes)
        yield from accept((_document(file) for file in files), self.options.path)


def _document(file: SourceFile) -> Document | RejectedRow:
    content = file.page()
    text = content if isinstance(content, RejectedRow) else file.decoded(content)
    if isinstance(text, RejectedRow):
        return text
    if _front_matter_is_open(text):
        reason = "The front matter opened on line 1 is never closed. Write a line --- after its last key."
        return RejectedRow(file.uri, 1, "malformed", reason, excerpt(text), file.name)
    try:
        front, body = _split(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = (
            f"The front matter is not YAML: {getattr(error, 'problem', None) or error}. Correct or quote the value."
        )
        return RejectedRow(file.uri, line, "malformed", reason, excerpt(text), file.name)
    title = front.pop("title", None)
    if title is None or not str(title).strip():
        title = _first_heading(body) or PurePosixPath(file.name).stem
    row = {**front, COLUMNS.doc_id: file.name, COLUMNS.title: title, COLUMNS.text: body}
    return document_of(row, COLUMNS, file.uri, None)


def _split(text: str) -> tuple[dict[str, Any], str]:
    """Separate front matter and body; a text without front matter is all body."""
    text = text.strip()
    if not FRONT_MATTER.detect(text) or len(FRONT_MATTER.FM_BOUNDARY.findall(text)) < 2:
        return {}, text
    front, body = FRONT_MATTER.split(text)
    values = FRONT_MATTER.load(front)
    if values is None:
        return {}, body.strip()
    # A rule (---) at the start followed by prose looks like front matter but holds no keys.
    return (values, body.strip()) if isinstance(values, dict) else ({}, text)


def _front_matter_is_open(text: str) -> bool:
    """Whether a text begins with --- and keys, and no second --- ends them; after a mere rule there is no mapping."""
    text = text.strip()
    if not FRONT_MATTER.detect(text) or len(FRONT_MATTER.FM_BOUNDARY.findall(text)) >= 2:
        return False
    lines = takewhile(str.strip, text.splitlines()[1:])
    try:
        return isinstance(FRONT_MATTER.load("\n".join(lines)), dict)
    except (YAMLError, ValueError, RecursionError):
        return False


def _first_heading(body: str) -> str:
    tokens = BLOCKS.parse(body)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and inline.content.strip():
            children = INLINE.parseInline(inline.content)[0].children or []
            return "".join(child.content or " " * (child.type == "softbreak") for child in children).strip()
    return ""
