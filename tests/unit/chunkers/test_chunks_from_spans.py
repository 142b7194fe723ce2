from kbgate.chunkers.chunks_from_spans import chunks_from_spans
from kbgate.records import Document
from kbgate.sections.chunker import ChunkerSettings

SETTINGS = ChunkerSettings(size_tokens=8, overlap_tokens=0)


def chunks(text, spans, tokenizer):
    return chunks_from_spans(Document("d", "t", text, "s"), spans, SETTINGS, tokenizer)


def test_white_space_around_a_span_is_taken_off_and_offsets_follow(tokenizer):
    (chunk,) = chunks("\u3000\r\n two words \n", [(0, 14)], tokenizer)
    assert (chunk.start, chunk.end, chunk.text) == (4, 13, "two words")


def test_spans_without_tokens_or_inside_another_vanish(tokenizer):
    made = chunks("a \u200b\u200b \x00 b", [(0, 2), (0, 1), (2, 6), (7, 8)], tokenizer)
    assert [chunk.text for chunk in made] == ["a", "b"]
    assert [chunk.position for chunk in made] == [0, 1]


def test_an_oversized_span_is_halved_at_words_until_every_piece_fits(tokenizer):
    text = "one two three four five six seven eight nine ten eleven"
    made = chunks(text, [(0, len(text))], tokenizer)
    assert len(made) == 2
    assert " ".join(chunk.text for chunk in made) == text
    assert all(chunk.n_tokens <= 8 for chunk in made)


def test_one_endless_word_is_cut_between_tokens(tokenizer):
    text = "ab1cd2" * 16
    made = chunks(text, [(0, len(text))], tokenizer)
    assert "".join(chunk.text for chunk in made) == text
    assert len(made) > 1
    assert all(chunk.n_tokens <= 8 for chunk in made)
