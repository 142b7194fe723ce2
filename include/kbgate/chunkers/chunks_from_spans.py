"""From character spans to chunks: the last step of every chunker, which holds the promises all of them give."""

from collections.abc import Iterable, Sequence

from kbgate.chunkers.chunk_id import chunk_id
from kbgate.chunkers.sections import MarkdownSection, heading_path_at, sections_of
from kbgate.chunkers.word_boundaries import is_inside_word
from kbgate.records import Chunk, Document, Tokenizer
from kbgate.sections.chunker import ChunkerSettings

Span = tuple[int, int]

# Tokens alone do not bound a text: WordPiece makes one unknown token of any word above 100 characters, such as an embedded
# image. Real text of every language has far fewer characters a token.
_MOST_CHARS_A_TOKEN = 20


def chunks_from_spans(
    document: Document,
    spans: Iterable[Span],
    settings: ChunkerSettings,
    tokenizer: Tokenizer,
    sections: Sequence[MarkdownSection] | None = None,
) -> list[Chunk]:
    """Make the chunks of a document from `[start, end)` character spans.

    Spans lose the white space around them; spans without any token or inside another are left out; a span whose own text
    counts more than `size_tokens` tokens, or is longer than that many tokens can be, is halved until it does not (only a
    single character may exceed it).
    """
    text = document.text
    sections = sections_of(text) if sections is None else sections
    return [
        Chunk(
            chunk_id=chunk_id(document.doc_id, start, end, text[start:end], settings),
            doc_id=document.doc_id,
            position=position,
            start=start,
            end=end,
            text=text[start:end],
            heading_path=heading_path_at(sections, start),
            n_tokens=n_tokens,
        )
        for position, (start, end, n_tokens) in enumerate(_fitting(text, spans, settings.size_tokens, tokenizer))
    ]


def _fitting(text: str, spans: Iterable[Span], size_tokens: int, tokenizer: Tokenizer) -> list[tuple[int, int, int]]:
    """Return (start, end, n_tokens) of the trimmed spans, in order, the oversized halved, none inside another."""
    fitting = []
    most_chars = _MOST_CHARS_A_TOKEN * size_tokens
    pending = _trimmed(text, spans)
    while pending:
        counts = tokenizer.count([text[start:end] for start, end in pending]).n_tokens.tolist()
        halves: list[Span] = []
        for (start, end), n_tokens in zip(pending, counts, strict=True):
            if n_tokens == 0:
                continue
            too_long = end - start > most_chars
            if too_long or (n_tokens > size_tokens and end - start > 1):
                middle = start + _middle(text[start:end], tokenizer, by_chars=too_long)
                halves += [(start, middle), (middle, end)]
            else:
                fitting.append((start, end, n_tokens))
        pending = _trimmed(text, halves)
    outermost: list[tuple[int, int, int]] = []
    for span in sorted(fitting, key=lambda span: (span[0], -span[1])):
        if not outermost or span[1] > outermost[-1][1]:
            outermost.append(span)
    return outermost


def _trimmed(text: str, spans: Iterable[Span]) -> list[Span]:
    """Take the white space off both ends of each span; empty and repeated spans vanish."""
    trimmed: dict[Span, None] = {}
    for start, end in spans:
        passage = text[start:end]
        start, end = end - len(passage.lstrip()), start + len(passage.rstrip())
        if start < end:
            trimmed[start, end] = None
    return list(trimmed)


def _middle(passage: str, tokenizer: Tokenizer, *, by_chars: bool) -> int:
    """Return the word boundary nearest to the middle token (or character), or where none is near, the middle character."""
    starts = tokenizer.offsets(passage)[:, 0].tolist()
    middle = len(passage) // 2
    if by_chars:
        near = sorted(
            (start for start in starts if abs(start - middle) <= middle // 2), key=lambda start: abs(start - middle)
        )
    else:
        half = len(starts) // 2
        near = [starts[index] for distance in range(half // 2 + 1) for index in (half - distance, half + distance)]
    return next((start for start in near if 0 < start < len(passage) and not is_inside_word(passage, start)), middle)
