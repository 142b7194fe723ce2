from typing import Any

import pytest
from pydantic import ValidationError

from kbgate.sections.source import SourceSettings


def test_a_source_must_say_its_kind_and_lists_every_document_unless_told_otherwise() -> None:
    with pytest.raises(ValidationError) as caught:
        SourceSettings()
    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [(("kind",), "missing")]
    assert SourceSettings(kind="jsonl").mode == "snapshot"


def test_deletions_belong_to_a_delta_only() -> None:
    assert SourceSettings(kind="jsonl", mode="delta", deletions="gone.txt").deletions == "gone.txt"
    with pytest.raises(ValidationError, match="deletions is only for mode = 'delta'"):
        SourceSettings(kind="jsonl", deletions="gone.txt")
    with pytest.raises(ValidationError, match="deletions is only for mode = 'delta'"):
        SourceSettings(kind="jsonl", mode="snapshot", deletions="")


@pytest.mark.parametrize(("field", "value"), [("mode", "weekly"), ("options", ["path"]), ("path", "documents.jsonl")])
def test_a_wrong_value_or_an_unknown_key_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        SourceSettings(**{"kind": "jsonl", field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_two_sources_do_not_share_their_options() -> None:
    first, second = SourceSettings(kind="jsonl"), SourceSettings(kind="jsonl")
    first.options["path"] = "documents.jsonl"
    assert second.options == {}
