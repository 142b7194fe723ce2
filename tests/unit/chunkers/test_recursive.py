from itertools import pairwise

from kbgate.chunkers.recursive import RecursiveChunker
from kbgate.records import Document
from kbgate.sections.chunker import ChunkerSettings


def cut(text, tokenizer, size, overlap):
    settings = ChunkerSettings(kind="recursive", size_tokens=size, overlap_tokens=overlap)
    return RecursiveChunker(settings, tokenizer).chunk(Document("d", "t", text, "s"))


def test_paragraphs_stay_whole_where_they_fit(tokenizer):
    paragraphs = [f"Paragraph number {n} says something about topic {n} and then ends." * 2 for n in range(6)]
    made = cut("\n\n".join(paragraphs), tokenizer, 64, 0)
    assert [part for chunk in made for part in chunk.text.split("\n\n")] == paragraphs


def test_a_long_paragraph_is_cut_between_sentences(tokenizer):
    made = cut("Every sentence here is short. " * 60, tokenizer, 50, 0)
    assert all(chunk.text.startswith("Every") and chunk.text.endswith("short.") for chunk in made)


def test_whole_sentences_overlap(tokenizer):
    made = cut("Every sentence here is short. " * 60, tokenizer, 50, 14)
    assert all(later.start < earlier.end for earlier, later in pairwise(made))
