"""The sections of a Markdown text: where each heading begins and under which headings it stands."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Only blocks are parsed for the whole text; the inline markup of a heading is parsed when it is one.
_MARKDOWN = MarkdownIt("commonmark").disable("inline")
_LINE_END = re.compile(r"\r\n?|\n")
_FRONT_MATTER = re.compile(r"\A---[ \t]*(?:\r\n?|\n)(?=[\w-]+:).*?(?:\r\n?|\n)(?:---|\.\.\.)[ \t]*(?=[\r\n]|\Z)", re.S)


@dataclass(frozen=True, slots=True)
class MarkdownSection:
    """A heading and what stands below it up to the next heading: `text[start:end]`, of which `text[body:end]` is the body.

    `path` are the plain texts of the headings above and of this one, outermost first; () before the first heading.
    """

    start: int
    body: int
    end: int
    path: tuple[str, ...]


def sections_of(text: str) -> list[MarkdownSection]:
    """Cut `text` into its sections, in order and without gaps; front matter, code fences, lists and quotes open none."""
    front_matter = _FRONT_MATTER.match(text)
    offset = front_matter.end() if front_matter else 0
    line_starts = [offset, *(found.end() for found in _LINE_END.finditer(text, offset)), len(text)]
    open_headings: list[tuple[int, str]] = []
    begun: list[tuple[int, int, tuple[str, ...]]] = [(0, 0, ())]
    tokens = _MARKDOWN.parse(text[offset:])
    for heading, inline in pairwise(tokens):
        if heading.type != "heading_open" or heading.level != 0 or heading.map is None:
            continue
        level = int(heading.tag[1])
        open_headings = [outer for outer in open_headings if outer[0] < level]
        open_headings.append((level, _plain_text(inline.content)))
        first_line, next_line = heading.map
        path = tuple(title for _, title in open_headings)
        begun.append((line_starts[first_line], line_starts[min(next_line, len(line_starts) - 1)], path))
    ends = [*(start for start, _, _ in begun[1:]), len(text)]
    return [
        MarkdownSection(start, body, end, path)
        for (start, body, path), end in zip(begun, ends, strict=True)
        if start < end
    ]


def heading_path_at(sections: Sequence[MarkdownSection], position: int) -> tuple[str, ...]:
    """Return the path of the last heading that begins at or above the character `position`."""
    index = bisect_right(sections, position, key=lambda section: section.start) - 1
    return sections[index].path if index >= 0 else ()


def _plain_text(inline: str) -> str:
    """Drop the markup of a heading's inline Markdown and join its words by single spaces."""
    tokens: list[Token] = []
    _MARKDOWN.inline.parse(inline, _MARKDOWN, {}, tokens)
    return " ".join("".join(token.content or " " * token.type.endswith("break") for token in tokens).split())
