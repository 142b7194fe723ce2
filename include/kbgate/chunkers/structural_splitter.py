"""One way to use the semantic-text-splitter library: with the model's tokenizer, in character offsets, without stubs."""

import re

from semantic_text_splitter import MarkdownSplitter, TextSplitter

from kbgate.records import Tokenizer
from kbgate.sections.chunker import ChunkerSettings

_SURROGATES = re.compile("[\ud800-\udfff]")
_STUB_TOKENS = 16


class StructuralSplitter:
    """Cuts text at the highest structural boundary that keeps each piece within `size_tokens`.

    `library_splitter` is `TextSplitter` (paragraphs, sentences, words) or `MarkdownSplitter` (headings, blocks, ...).
    """

    def __init__(
        self,
        library_splitter: type[TextSplitter] | type[MarkdownSplitter],
        settings: ChunkerSettings,
        tokenizer: Tokenizer,
    ) -> None:
        size, overlap = settings.size_tokens, settings.overlap_tokens
        raw = getattr(tokenizer, "raw", None)
        self._tokenizer = tokenizer
        self._stub_tokens = min(_STUB_TOKENS, size // 8)
        self._splitter = (
            library_splitter.from_callback(lambda text: int(tokenizer.count([text]).n_tokens[0]), size, overlap)
            if raw is None
            else library_splitter.from_huggingface_tokenizer(raw, size, overlap)
        )

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return `[start, end)` character spans in order; a stub (often a lone heading) is joined to its neighbour.

        A joined span may count more than `size_tokens`; `chunks_from_spans` halves it.
        """
        # The library refuses lone surrogates; a replacement of equal length keeps the offsets true.
        pieces = self._splitter.chunk_indices(_SURROGATES.sub("\ufffd", text))
        if not pieces:
            return []
        counts = self._tokenizer.count([piece for _, piece in pieces]).n_tokens.tolist()
        joined: list[tuple[int, int, int]] = []
        for (start, piece), n_tokens in zip(pieces, counts, strict=True):
            if joined and min(joined[-1][2], n_tokens) < self._stub_tokens:
                first, _, n_before = joined[-1]
                joined[-1] = (first, start + len(piece), n_before + n_tokens)
            else:
                joined.append((start, start + len(piece), n_tokens))
        return [(start, end) for start, end, _ in joined]
