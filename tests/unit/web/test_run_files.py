"""Files that were half written, spoilt, or written by another version."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from web_pages import SECOND, page_of, text_of

SPOILT: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("half-written", lambda content: content[: len(content) // 2]),
    ("empty", lambda content: b""),
    ("binary", lambda content: b"\xff\xfe\x00" * 100),
    ("a list", lambda content: b"[1, 2]"),
    ("a number", lambda content: b"7"),
    ("null", lambda content: b"null"),
    ("not finite", lambda content: re.sub(rb"\d+\.\d+", b"NaN", content)),
    ("another schema", lambda content: re.sub(rb'"(\w)', rb'"x\1', content)),
    ("deep", lambda content: b'{"a":' * 5000 + b"1" + b"}" * 5000),
]


@pytest.mark.parametrize(
    "name",
    [
        "report",
        "request",
        "changes",
        "map",
        "quarantine_summary",
        "decision",
        "gates/drift",
        "gates/recall",
        "gates/documents",
        "stages/decide",
    ],
)
@pytest.mark.parametrize(("how", "spoil"), SPOILT, ids=[how for how, _ in SPOILT])
def test_a_spoilt_file_is_named_and_the_rest_is_shown(
    second_run: Path, name: str, how: str, spoil: Callable[[bytes], bytes]
) -> None:
    if name.startswith("stages/"):
        (second_run / "report.json").unlink()
    file = second_run / f"{name}.json"
    file.write_bytes(spoil(file.read_bytes()))
    page = text_of(page_of(SECOND))
    assert "What changed" in page
    if how in ("half-written", "empty", "binary", "a list", "a number", "null", "deep"):
        assert f"{name}.json" in page
