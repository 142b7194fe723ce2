"""Chunks along the structure of plain text: paragraphs, then lines, sentences, words."""

from semantic_text_splitter import TextSplitter

from kbgate.chunkers.chunks_from_spans import chunks_from_spans
from kbgate.chunkers.structural_splitter import StructuralSplitter
from kbgate.parts import read_options
from kbgate.records import Chunk, Document, Tokenizer
from kbgate.sections.chunker import ChunkerSettings
from kbgate.sections.section import Section


class RecursiveOptions(Section):
    """This chunker has no options."""


class RecursiveChunker:
    """Fills each chunk up to `size_tokens` with the largest whole units of text that fit; sentences overlap, not halves."""

    def __init__(self, settings: ChunkerSettings, tokenizer: Tokenizer) -> None:
        read_options(RecursiveOptions, settings.options, "chunker.options")
        self._settings = settings
        self._tokenizer = tokenizer
        self._splitter = StructuralSplitter(TextSplitter, settings, tokenizer)

    def chunk(self, document: Document) -> list[Chunk]:
        """Return the chunks in order of position; a text without any token has none."""
        return chunks_from_spans(document, self._splitter.spans(document.text), self._settings, self._tokenizer)
