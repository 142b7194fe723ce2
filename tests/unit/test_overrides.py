import pytest

from kbgate.errors import UsageError
from kbgate.overrides import OF_ONE_MODEL, override_settings
from kbgate.run import Run
from kbgate.sections.embedder import EmbedderSettings
from small_kb import KB, SmallKb


def test_parameters_become_overrides_by_section(small_kb: SmallKb) -> None:
    params = {
        "batch": "other.jsonl",
        "mode": "delta",
        "deletions": "gone.txt",
        "chunk_size_tokens": 24,
        "chunk_overlap_tokens": 0,
        "model": "m",
        "model_sha256": "a" * 64,
        "reason": "not a setting",
    }
    settings = small_kb.settings.knowledge_base(KB)
    assert override_settings(settings, params) == {
        "source": {"mode": "delta", "deletions": "gone.txt", "options": {"path": "other.jsonl"}},
        "chunker": {"size_tokens": 24, "overlap_tokens": 0},
        "embedder": {**OF_ONE_MODEL, "model": "m", "sha256": "a" * 64},
    }


def test_another_model_keeps_nothing_that_was_set_for_the_one_before(small_kb: SmallKb) -> None:
    old = {"model": "old", "revision": "abc", "sha256": "b" * 64, "query_prefix": "q: ", "max_tokens": 99}
    small_kb.configure(embedder={**old, "passage_prefix": "p: ", "batch_size": 7})
    settings = small_kb.settings.knowledge_base(KB)

    def embedder_of(**params: object) -> EmbedderSettings:
        return Run(
            small_kb.settings, small_kb.request("x", overrides=override_settings(settings, params))
        ).kb_settings.embedder

    other = embedder_of(model="new", query_prefix="query: ")
    assert other == settings.embedder.model_copy(update={**OF_ONE_MODEL, "model": "new", "query_prefix": "query: "})
    assert other.batch_size == 7
    assert embedder_of(model="old") == embedder_of() == settings.embedder
    assert embedder_of(revision="def").query_prefix == "q: "
    assert embedder_of(model="new", revision="def", passage_prefix="passage: ").revision == "def"


def test_parameters_left_empty_override_nothing(small_kb: SmallKb) -> None:
    params = dict.fromkeys(["batch", "mode", "deletions", "chunk_size_tokens", "model", "model_sha256"])
    assert override_settings(small_kb.settings.knowledge_base(KB), params) == {}


def test_a_hash_without_its_model_is_refused(small_kb: SmallKb) -> None:
    with pytest.raises(UsageError, match="model_sha256 was given without model"):
        override_settings(small_kb.settings.knowledge_base(KB), {"model_sha256": "a" * 64})


def test_a_batch_keeps_the_sources_other_options(small_kb: SmallKb) -> None:
    small_kb.configure(source={"options": {"path": "a", "columns": {"doc_id": "id"}}})
    overrides = override_settings(small_kb.settings.knowledge_base(KB), {"batch": "b"})
    assert overrides["source"]["options"] == {"path": "b", "columns": {"doc_id": "id"}}
