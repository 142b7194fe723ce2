"""Chunks that follow the headings of a Markdown document."""

from collections.abc import Iterator, Sequence

from pydantic import Field
from semantic_text_splitter import MarkdownSplitter

from kbgate.chunkers.chunks_from_spans import chunks_from_spans
from kbgate.chunkers.sections import MarkdownSection, sections_of
from kbgate.chunkers.structural_splitter import StructuralSplitter
from kbgate.parts import read_options
from kbgate.records import Chunk, Document, Tokenizer
from kbgate.sections.chunker import ChunkerSettings
from kbgate.sections.section import Section


class MarkdownHeadingsOptions(Section):
    """Options of the Markdown chunker."""

    pack: bool = Field(True, description="Put small neighbouring sections of one parent together, up to size_tokens.")


class MarkdownHeadingsChunker:
    """Gives each section its own chunk; a large one is split, small neighbours under one parent share a chunk.

    A heading without text of its own always goes with the first section below it.
    """

    def __init__(self, settings: ChunkerSettings, tokenizer: Tokenizer) -> None:
        self._options = read_options(MarkdownHeadingsOptions, settings.options, "chunker.options")
        self._settings = settings
        self._tokenizer = tokenizer
        self._splitter = StructuralSplitter(MarkdownSplitter, settings, tokenizer)

    def chunk(self, document: Document) -> list[Chunk]:
        """Return the chunks in order of position; a text without any token has none."""
        text = document.text
        sections = sections_of(text)
        spans: list[tuple[int, int]] = []
        for start, end, n_tokens in self._groups(text, sections):
            if n_tokens <= self._settings.size_tokens:
                spans.append((start, end))
            else:
                spans += [(start + first, start + last) for first, last in self._splitter.spans(text[start:end])]
        return chunks_from_spans(document, spans, self._settings, self._tokenizer, sections)

    def _groups(self, text: str, sections: Sequence[MarkdownSection]) -> Iterator[tuple[int, int, int]]:
        """Yield (start, end, n_tokens) of sections that belong together."""
        counts = self._tokenizer.count([text[section.start : section.end] for section in sections]).n_tokens.tolist()
        group: list[MarkdownSection] = []
        group_tokens = 0
        for section, n_tokens in zip(sections, counts, strict=True):
            if group and not self._belongs(text, group, section, group_tokens + n_tokens):
                yield group[0].start, group[-1].end, group_tokens
                group, group_tokens = [], 0
            group.append(section)
            group_tokens += n_tokens
        if group:
            yield group[0].start, group[-1].end, group_tokens

    def _belongs(self, text: str, group: Sequence[MarkdownSection], section: MarkdownSection, n_tokens: int) -> bool:
        """Whether `section` goes with the group before it, which would then count `n_tokens`."""
        last = group[-1]
        below_last = section.path[: len(last.path)] == last.path and len(section.path) > len(last.path)
        if below_last and not text[last.body : last.end].strip():
            return True
        parent = group[0].path[:-1]
        same_parent = section.path[: len(parent)] == parent
        return self._options.pack and same_parent and n_tokens <= self._settings.size_tokens
