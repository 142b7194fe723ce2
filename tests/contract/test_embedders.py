"""What every registered embedder promises."""

import numpy as np
import pytest

from kbgate.embedders import REGISTRY
from kbgate.parts import load
from kbgate.sections.embedder import EmbedderSettings

TEXTS = [
    "How do I reset my password?",
    "短い文。",
    "A much longer text about warehouses, invoices and returns. " * 20,
    "",
    "\u200b\ufffd",
    "half a pair \ud800",
    "x",
    *(f"Text number {n} " * n for n in range(1, 20)),
]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(kind, marks=[pytest.mark.real_model] if kind == "sentence_transformers" else [])
        for kind in sorted(REGISTRY)
    ],
)
def embedder(request):
    return load(REGISTRY, request.param, "embedder.kind")(EmbedderSettings(kind=request.param, batch_size=16))


@pytest.fixture(scope="module")
def vectors(embedder):
    return embedder.embed_passages(TEXTS)


def test_vectors_are_finite_float32_of_unit_length_and_of_the_fingerprints_dimension(embedder, vectors):
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.fingerprint.dimension)
    assert np.abs(np.linalg.norm(vectors.astype(np.float64), axis=1) - 1).max() < 1e-6


def test_a_vector_does_not_depend_on_its_batch_companions_or_their_order(embedder, vectors):
    assert np.abs(embedder.embed_passages(TEXTS[::-1])[::-1] - vectors).max() < 1e-5
    for row in (0, 1, 2, 6, 20):
        assert np.abs(embedder.embed_passages([TEXTS[row]])[0] - vectors[row]).max() < 1e-5


def test_different_texts_have_different_vectors(vectors):
    assert np.abs(vectors[0] - vectors[2]).max() > 1e-2


def test_no_texts_give_no_vectors(embedder):
    assert embedder.embed_passages([]).shape == (0, embedder.fingerprint.dimension)
    assert embedder.embed_queries([]).shape == (0, embedder.fingerprint.dimension)


def test_without_prefixes_a_question_and_a_passage_of_the_same_words_agree(embedder, vectors):
    assert np.abs(embedder.embed_queries(TEXTS[:1])[0] - vectors[0]).max() < 1e-5


def test_prefixes_are_read_and_take_room_from_the_longest_text(embedder):
    changed = EmbedderSettings(kind="hashing_for_tests_only", query_prefix="query: ", passage_prefix="passage: ")
    other = type(embedder)(changed)
    assert other.fingerprint.digest != embedder.fingerprint.digest
    assert other.tokenizer.max_tokens == embedder.tokenizer.max_tokens - 2
    expected = embedder.embed_passages(["query: cost", "passage: cost"])
    assert np.abs(other.embed_queries(["cost"])[0] - expected[0]).max() < 1e-5
    assert np.abs(other.embed_passages(["cost"])[0] - expected[1]).max() < 1e-5


def test_max_tokens_is_honoured(embedder):
    short = type(embedder)(EmbedderSettings(max_tokens=20))
    longest = short.tokenizer.max_tokens
    whole, cut = short.embed_passages(["word " * longest, "word " * longest + "banana " * 50])
    assert np.abs(whole - cut).max() < 1e-5


def test_counts_and_offsets_of_the_tokenizer_agree(embedder):
    counts = embedder.tokenizer.count(TEXTS)
    assert counts.n_tokens.tolist() == [len(embedder.tokenizer.offsets(text)) for text in TEXTS]
    assert (counts.n_unknown <= counts.n_tokens).all()


def test_the_fingerprint_survives_json_and_is_the_same_for_the_same_settings(embedder):
    fingerprint = embedder.fingerprint
    assert type(fingerprint).model_validate_json(fingerprint.model_dump_json()).digest == fingerprint.digest
    assert type(embedder)(EmbedderSettings()).fingerprint == fingerprint
