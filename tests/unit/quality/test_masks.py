"""Each rule on one sound row and on rows that just break it or just do not."""

import pandas as pd
import pytest

from kbgate.quality.masks import CHUNK_RULES, RULES, row_masks, taken_out
from kbgate.quality.suites import suite_parameters
from kbgate.sections.quality import QualitySettings

LIMITS = suite_parameters(QualitySettings(), chunk_size_tokens=240, max_model_tokens=256)
SOUND = {
    "doc_id": "a",
    "text_chars": 900,
    "title_chars": 8,
    "is_exact_duplicate": False,
    "is_stub_copy": False,
    "near_duplicate_similarity": 0.0,
    "broken_chars": 0,
    "is_mojibake": False,
    "special_share": LIMITS["max_special_character_share"],
    "injected_count": 0,
    "title_excess_chars": 0,
    "mojibake_count": 0,
    "markup_count": 0,
    "language": "",
    "unknown_share": LIMITS["max_document_unknown_share"],
}
SOUND_CHUNK = {
    "chunk_id": "c",
    "n_tokens": 240,
    "text_chars": 900,
    "n_document_chunks": 2,
    "n_documents_with_text": 2,
}


def broken(rules, sound, **values):
    """Names of the rules that a row breaks."""
    masks = row_masks(pd.DataFrame([{**sound, **values}]), LIMITS, rules)
    return {name for name, mask in masks.items() if mask.iloc[0]}


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        (None, {}),
        ("empty_text", {"text_chars": 0}),
        ("empty_title", {"title_chars": 0}),
        ("exact_duplicate", {"is_exact_duplicate": True}),
        ("stub_copy", {"is_stub_copy": True}),
        ("near_duplicate", {"near_duplicate_similarity": LIMITS["near_duplicate_similarity"]}),
        ("control_characters", {"broken_chars": 1}),
        ("mojibake", {"is_mojibake": True}),
        ("some_mojibake", {"mojibake_count": 1}),
        ("special_characters", {"special_share": LIMITS["max_special_character_share"] + 0.01}),
        ("injected_instructions", {"injected_count": 1}),
        ("markup", {"markup_count": 1}),
        ("title_longer_than_text", {"title_excess_chars": 1}),
        ("other_language", {"language": "de"}),
        ("unreadable", {"unknown_share": LIMITS["max_document_unknown_share"] + 0.01}),
    ],
)
def test_a_document_breaks_the_rule_it_is_at_fault_with_and_no_other(rule, values):
    assert broken(RULES, SOUND, **values) == ({rule} if rule else set())


@pytest.mark.parametrize(
    ("rules", "values"),
    [
        (set(), {}),
        ({"empty_chunk"}, {"text_chars": 0}),
        ({"short_chunk"}, {"n_tokens": LIMITS["min_chunk_tokens"] - 1}),
        (set(), {"n_tokens": 1, "n_document_chunks": 1}),
        ({"long_chunk"}, {"n_tokens": 256}),
        ({"long_chunk", "truncated_chunk"}, {"n_tokens": 257}),
        ({"boilerplate_chunk"}, {"n_documents_with_text": 3}),
    ],
)
def test_a_chunk_breaks_the_rule_it_is_at_fault_with_and_no_other(rules, values):
    assert broken(CHUNK_RULES, SOUND_CHUNK, **values) == rules


def test_every_row_of_a_doubled_id_is_meant_not_only_the_later_ones():
    frame = pd.DataFrame([SOUND, {**SOUND, "doc_id": "b"}, SOUND])
    assert row_masks(frame, LIMITS)["doubled_doc_id"].tolist() == [True, False, True]
    chunks = pd.DataFrame([SOUND_CHUNK, {**SOUND_CHUNK, "chunk_id": "d"}, SOUND_CHUNK])
    assert row_masks(chunks, LIMITS, CHUNK_RULES)["doubled_chunk_id"].tolist() == [True, False, True]


def test_a_row_with_a_flaw_that_does_not_harm_answers_stays_in():
    frame = pd.DataFrame([{**SOUND, "markup_count": 9, "title_chars": 0}, {**SOUND, "doc_id": "b", "text_chars": 0}])
    assert taken_out(row_masks(frame, LIMITS)).tolist() == [False, True]
