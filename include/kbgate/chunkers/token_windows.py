"""Windows of a fixed number of tokens that overlap."""

from collections.abc import Callable, Iterator

import numpy as np

from kbgate.chunkers.chunks_from_spans import chunks_from_spans
from kbgate.chunkers.word_boundaries import is_inside_word
from kbgate.parts import read_options
from kbgate.records import Chunk, Document, Tokenizer
from kbgate.sections.chunker import ChunkerSettings
from kbgate.sections.section import Section

# Words of more tokens than this are cut.
_LONGEST_WORD_TOKENS = 16


class TokenWindowsOptions(Section):
    """This chunker has no options."""


class TokenWindowsChunker:
    """Cuts a text into windows of `size_tokens`, each beginning `overlap_tokens` before the end of the one before.

    Windows begin and end between words where a word boundary is near: they may be a few tokens shorter, and overlap a few
    tokens less, than set. What is left for the last two windows is shared equally between them, so none is a stub.
    """

    def __init__(self, settings: ChunkerSettings, tokenizer: Tokenizer) -> None:
        read_options(TokenWindowsOptions, settings.options, "chunker.options")
        self._settings = settings
        self._tokenizer = tokenizer

    def chunk(self, document: Document) -> list[Chunk]:
        """Return the chunks in order of position; a text without any token has none."""
        text = document.text
        # Tokens of one character begin together (byte-level tokenizers); a cut there keeps the character whole.
        starts = np.maximum.accumulate(self._tokenizer.offsets(text)[:, 0]).tolist()
        if not starts:
            return []
        # Between two windows lies the start of a token, so characters without a token stay with the window before.
        cuts = [0, *starts[1:], len(text)]
        windows = _windows(
            len(starts),
            self._settings.size_tokens,
            self._settings.overlap_tokens,
            lambda token: is_inside_word(text, cuts[token]),
        )
        spans = [(cuts[first], cuts[end]) for first, end in windows]
        return chunks_from_spans(document, spans, self._settings, self._tokenizer)


def _windows(n: int, size: int, overlap: int, inside_word: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
    """Yield `[first, end)` token numbers of the windows over n tokens; `inside_word` tells which cuts to avoid."""
    first = 0
    while n - first > size:
        left = n - first
        length = size if left > 2 * size - overlap else -(-(left + overlap) // 2)
        full = first + length
        shortest = max(full - _LONGEST_WORD_TOKENS, first + overlap + 1)
        end = next((cut for cut in range(full, shortest - 1, -1) if not inside_word(cut)), full)
        yield first, end
        first = next((cut for cut in range(end - overlap, end) if not inside_word(cut)), end)
    yield first, n
