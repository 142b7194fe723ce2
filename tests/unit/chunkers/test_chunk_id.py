import re

import pytest

from kbgate.chunkers.chunk_id import chunk_id
from kbgate.sections.chunker import ChunkerSettings

SETTINGS = ChunkerSettings(kind="token_windows", size_tokens=100, overlap_tokens=10)
ID = chunk_id("doc", 0, 4, "text", SETTINGS)


def test_id_is_32_hex_digits_and_stays_the_same_for_ever():
    assert re.fullmatch("[0-9a-f]{32}", ID)
    assert chunk_id("doc", 0, 4, "text", SETTINGS) == ID == "74fd9127a1d4f8717776acdfec6b0ef4"


@pytest.mark.parametrize(
    "other",
    [
        chunk_id("doc2", 0, 4, "text", SETTINGS),
        chunk_id("doc", 1, 4, "text", SETTINGS),
        chunk_id("doc", 0, 5, "text", SETTINGS),
        chunk_id("doc", 0, 4, "Text", SETTINGS),
        chunk_id("doc", 0, 4, "text", SETTINGS.model_copy(update={"kind": "recursive"})),
        chunk_id("doc", 0, 4, "text", SETTINGS.model_copy(update={"size_tokens": 101})),
        chunk_id("doc", 0, 4, "text", SETTINGS.model_copy(update={"overlap_tokens": 11})),
        chunk_id("doc", 0, 4, "text", SETTINGS.model_copy(update={"options": {"pack": False}})),
    ],
)
def test_id_changes_with_document_place_text_and_settings(other):
    assert other != ID
