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


def test_a_word_that_the_model_reads_as_one_unknown_token_does_not_make_an_endless_chunk(tokenizer):
    image = "A1b2C3" * 7000
    text = f"See this: {image} and that."
    assert tokenizer.count([image]).n_tokens.tolist() == [1]
    made = chunks(text, [(0, len(text))], tokenizer)
    assert max(len(chunk.text) for chunk in made) <= 20 * 8
    assert "".join(chunk.text for chunk in made).replace(" ", "") == text.replace(" ", "")
    assert made[0].text.startswith("See this:")
    assert made[-1].text.endswith("and that.")


def test_a_text_of_white_space_and_a_few_words_keeps_its_words(tokenizer):
    text = "one" + " " * 5000 + "two" + "\u200b" * 5000 + "three"
    assert [chunk.text.strip("\u200b") for chunk in chunks(text, [(0, len(text))], tokenizer)] == [
        "one",
        "two",
        "three",
    ]
