from pathlib import Path

import pytest
from pydantic import ValidationError

from kbgate.errors import SettingsError
from kbgate.settings import (
    CONFIG_VARIABLE,
    PRESETS,
    SHIPPED_CONFIG,
    KnowledgeBaseSettings,
    load_settings,
    settings_file,
)
from small_kb import SmallKb

SOURCE = {"kind": "jsonl", "options": {"path": "x.jsonl"}}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_kb: SmallKb) -> Path:
    """An empty settings file that is in force."""
    path = tmp_path / "own.toml"
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    path.write_text("")
    return path


def message_of(config: Path, text: str) -> str:
    config.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(config) in str(caught.value)
    return str(caught.value)


def test_the_shipped_settings_are_valid_and_pin_the_model(small_kb: SmallKb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONFIG_VARIABLE)
    assert settings_file() == SHIPPED_CONFIG
    helpdesk = load_settings().knowledge_base("helpdesk")
    assert helpdesk.embedder.sha256 is not None
    assert helpdesk.embedder.sha256.startswith("53aa5117")
    assert helpdesk.recall.min_recall == 0.85


def test_defaults_are_valid_for_a_source_alone() -> None:
    assert KnowledgeBaseSettings(source=SOURCE).recall.min_recall == 0.85


def test_a_missing_file_is_named_with_the_variable_to_correct(config: Path) -> None:
    config.unlink()
    with pytest.raises(SettingsError, match=rf"{config} does not exist.*{CONFIG_VARIABLE}"):
        load_settings()


def test_a_file_that_is_not_toml_is_named(config: Path) -> None:
    assert "is not a settings file" in message_of(config, "[kb.small")


def test_a_file_that_is_not_utf8_is_named(config: Path) -> None:
    config.write_bytes(b"artifact_root = '\xff\xfe'")
    with pytest.raises(SettingsError, match=r"own\.toml"):
        load_settings()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("recall = { min_recal = 0.9 }", "kb.small.recall.min_recal is not a setting; did you mean 'min_recall'?"),
        ("recal = { k = 3 }", "kb.small.recal is not a setting; did you mean 'recall'?"),
        ("release = { zzz = 3 }", "kb.small.release.zzz is not a setting; known are: "),
        ("recall = { min_recall = 85 }", "kb.small.recall.min_recall should be less than or equal to 1 (found: 85)"),
        ("schedule = 'every night'", "kb.small.schedule: no cron expression that ever comes round"),
        ("schedule = ''", "kb.small.schedule: no cron expression"),
        ("schedule = '0 2 31 2 *'", "kb.small.schedule: no cron expression"),
        ("schedule = '@nightly'", "kb.small.schedule: no cron expression"),
        ("recall = { k = 0 }", "kb.small.recall.k"),
        ("quality = { languages = 3 }", "kb.small.quality.languages"),
        ("drift = { mode = 'maybe' }", "kb.small.drift.mode"),
        ("embedder = { sha256 = 'short' }", "kb.small.embedder.sha256"),
        ("release = { first_ingest = 'perhaps' }", "kb.small.release.first_ingest"),
        ("chunker = { size_tokens = 40, overlap_tokens = 40 }", "overlap_tokens (40) must be smaller"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(config: Path, line: str, named: str) -> None:
    text = f"[kb.small]\nsource = {{ kind = 'jsonl' }}\n{line}\n"
    assert named in message_of(config, text)


@pytest.mark.parametrize("schedule", ["0 2 * * *", "*/15 * * * mon-fri", *PRESETS])
def test_what_airflow_can_schedule_is_a_schedule(schedule: str) -> None:
    assert KnowledgeBaseSettings(source=SOURCE, schedule=schedule).schedule == schedule


@pytest.mark.parametrize("name", ["other kb", "客服", "a/b", "..", "", "x" * 101])
def test_a_name_that_no_dag_or_folder_can_have_is_refused(config: Path, name: str) -> None:
    assert f"kb: {name!r} cannot be the name" in message_of(config, f"[kb.\"{name}\"]\nsource = {{ kind = 'jsonl' }}\n")


@pytest.mark.parametrize("name", ["faq", "FAQ_2.zh-TW", "x" * 100])
def test_letters_digits_and_three_signs_make_a_name(config: Path, name: str) -> None:
    config.write_text(f"[kb.\"{name}\"]\nsource = {{ kind = 'jsonl' }}\n")
    assert list(load_settings().kb) == [name]


def test_a_knowledge_base_without_a_source_is_named(config: Path) -> None:
    assert "kb.small.source is missing" in message_of(config, "[kb.small]\nschedule = '0 2 * * *'\n")


def test_deletions_are_refused_in_a_snapshot(config: Path) -> None:
    found = message_of(config, "[kb.small]\nsource = { kind = 'jsonl', deletions = 'gone.txt' }\n")
    assert "deletions is only for mode = 'delta'" in found


def test_the_environment_is_stronger_than_the_file_and_leaves_its_neighbours_alone(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("[kb.small]\nsource = { kind = 'jsonl' }\nrecall = { k = 3, min_recall = 0.7 }\n")
    monkeypatch.setenv("KBGATE_KB__SMALL__RECALL__K", "9")
    recall = load_settings().knowledge_base("small").recall
    assert (recall.k, recall.min_recall) == (9, 0.7)


def test_arguments_are_stronger_than_the_environment(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("artifact_root = 'file'")
    assert load_settings().artifact_root == "file"
    monkeypatch.setenv("KBGATE_ARTIFACT_ROOT", "environment")
    assert load_settings().artifact_root == "environment"
    assert load_settings(artifact_root="argument").artifact_root == "argument"


def test_a_misspelt_variable_is_refused(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KBGATE_REGISTRY_DSN", "postgresql://kbgate:hunter2@db/kbgate")
    with pytest.raises(SettingsError, match=r"KBGATE_REGISTRY_DSN is no .*mean KBGATE_REGISTRY__DSN\?") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_a_wrong_variable_is_named(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KBGATE_KB__SMALL__RECALL__K", "many")
    assert "kb.small.recall.k" in message_of(config, "[kb.small]\nsource = { kind = 'jsonl' }\n")


def test_an_unknown_knowledge_base_is_answered_with_the_known_ones(small_kb: SmallKb) -> None:
    with pytest.raises(SettingsError, match=r"no knowledge base 'smal' in .*kbgate\.toml.*Known: small.*\[kb\.smal\]"):
        small_kb.settings.knowledge_base("smal")


def test_settings_are_frozen(small_kb: SmallKb) -> None:
    with pytest.raises(ValidationError):
        small_kb.settings.artifact_root = "elsewhere"


def test_the_registrys_password_is_in_no_text(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KBGATE_REGISTRY__DSN", "postgresql+pg8000://kbgate:hunter2@db/kbgate")
    settings = load_settings()
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


def test_a_misspelt_key_beside_a_password_does_not_print_the_password(config: Path) -> None:
    assert "hunter2" not in message_of(config, "registry = { dsnn = 'postgresql://kbgate:hunter2@db/kbgate' }")
