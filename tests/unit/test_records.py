from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.records import Document, EmbeddingFingerprint, sha256_of

DOCUMENT = Document("a", "Title", "Text", "file:///a.md", "2026-01-01", "en", {"product": "x"}, 3)
FINGERPRINT = EmbeddingFingerprint(
    model="m",
    revision="1",
    dimension=3,
    max_tokens=9,
    query_prefix="",
    passage_prefix="",
    pooling="mean",
    normalised=True,
    tokenizer="t",
    configuration="c",
    backend="torch",
    precision="float32",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("change", [{"source_uri": "b"}, {"line": 4}, {"updated_at": None}, {"lang": None}])
def test_where_a_document_came_from_does_not_change_its_hash(change: dict[str, Any]) -> None:
    assert replace(DOCUMENT, **change).content_hash == DOCUMENT.content_hash


@pytest.mark.parametrize("change", [{"doc_id": "b"}, {"title": "B"}, {"text": "B"}, {"metadata": {}}])
def test_what_a_reader_sees_changes_its_hash(change: dict[str, Any]) -> None:
    assert replace(DOCUMENT, **change).content_hash != DOCUMENT.content_hash


@pytest.mark.parametrize("name", sorted(EmbeddingFingerprint.model_fields))
def test_every_field_of_a_fingerprint_changes_its_digest(name: str) -> None:
    value = getattr(FINGERPRINT, name)
    other = not value if isinstance(value, bool) else value + (1 if isinstance(value, int) else "x")
    assert FINGERPRINT.model_copy(update={name: other}).digest != FINGERPRINT.digest
    assert len(FINGERPRINT.digest) == 16


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_does_not_change_a_hash(value: dict[str, Any]) -> None:
    assert sha256_of(dict(reversed(value.items()))) == sha256_of(value)


@given(JSON, JSON)
def test_different_values_have_different_hashes(first: Any, second: Any) -> None:
    # repr and not ==, because Python calls True and 1 equal and JSON does not.
    assert (sha256_of(first) == sha256_of(second)) == (repr(_sorted(first)) == repr(_sorted(second)))


def test_half_a_surrogate_pair_can_be_hashed() -> None:
    assert sha256_of("\ud800") != sha256_of("?")


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(inner) for key, inner in sorted(value.items())}
    return [_sorted(inner) for inner in value] if isinstance(value, list) else value
