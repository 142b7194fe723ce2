"""The name of a chunk: the same content cut the same way always has the same id."""

from kbgate.records import sha256_of
from kbgate.sections.chunker import ChunkerSettings


def chunk_id(doc_id: str, start: int, end: int, text: str, settings: ChunkerSettings) -> str:
    """Return 32 hex digits of the SHA-256 over document id, character offsets, text and chunk settings."""
    cut = [settings.kind, settings.size_tokens, settings.overlap_tokens, settings.options]
    return sha256_of([doc_id, start, end, text, cut])[:32]
