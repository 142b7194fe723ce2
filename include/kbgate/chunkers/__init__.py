"""Cut documents into chunks whose sizes are tokens of the embedding model."""

from typing import Protocol

from kbgate.records import Chunk, Document, Tokenizer
from kbgate.sections.chunker import ChunkerSettings

REGISTRY = {
    "markdown_headings": "kbgate.chunkers.markdown_headings:MarkdownHeadingsChunker",
    "recursive": "kbgate.chunkers.recursive:RecursiveChunker",
    "token_windows": "kbgate.chunkers.token_windows:TokenWindowsChunker",
}


class Chunker(Protocol):
    """Cuts one document at a time; the same document and settings always give the same chunks."""

    def __init__(self, settings: ChunkerSettings, tokenizer: Tokenizer) -> None: ...

    def chunk(self, document: Document) -> list[Chunk]:
        """Return the chunks in order of position; an empty document has none."""
