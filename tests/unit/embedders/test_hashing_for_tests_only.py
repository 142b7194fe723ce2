import numpy as np

from kbgate.embedders.hashing_for_tests_only import HashingForTestsOnlyEmbedder
from kbgate.sections.embedder import EmbedderSettings


def test_texts_that_share_words_are_similar():
    a, b, c = HashingForTestsOnlyEmbedder(EmbedderSettings()).embed_passages(
        ["reset the password of my account", "Reset my account password", "bananas grow in warm climates"]
    )
    assert a @ b > 0.7
    assert abs(a @ c) < 0.4


def test_vectors_are_the_same_in_every_process():
    vector = HashingForTestsOnlyEmbedder(EmbedderSettings()).embed_passages(["alpha"])[0]
    assert np.flatnonzero(vector).tolist() == [154]


def test_its_name_says_what_it_is():
    assert "tests-only" in HashingForTestsOnlyEmbedder(EmbedderSettings()).fingerprint.model


def test_tokens_are_words_signs_and_single_chinese_characters():
    tokenizer = HashingForTestsOnlyEmbedder(EmbedderSettings()).tokenizer
    text = "don't 檢索abc 42!"
    tokens = [text[start:end] for start, end in tokenizer.offsets(text)]
    assert tokens == ["don", "'", "t", "檢", "索", "abc", "42", "!"]
    assert tokenizer.count([text, ""]).n_tokens.tolist() == [8, 0]
    assert tokenizer.count([text]).n_unknown.tolist() == [0]
