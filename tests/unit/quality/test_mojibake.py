import json

import pytest
from ftfy.badness import badness
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgate.quality.mojibake import count_mojibake, is_mojibake
from quality_samples import collection

# What the detector looks for, and the plain text that stands around or between it.
FRAGMENTS = [
    *[
        "Ã©",
        "â€œ",
        "â€\x9d",
        "Ã",
        "Â",
        "Â°",
        "ï»¿",
        "Ð°",
        "×©",
        "à¸",
        "à",
        "Å¡",
        "œ",
        "…",
        "€",
        "™",
        "é",
        "¢",
        "É",
        "\x81",
        "´",
        "¨",
        "—",
        "“",
        "”",
        "漢",
        "a",
        "b",
        ".",
        ",",
        "'s",
        "x1",
        "hello",
    ],
    *("\xa0", " ", "\n", "\t", "two words "),
]


def flagged(text: str) -> bool:
    return is_mojibake(text, count_mojibake(text))


def samples(shared_data, *, broken: bool) -> list[str]:
    with (shared_data / "dirty_mojibake_ftfy" / "samples.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    if broken:
        return [row["text"] for row in rows if row["set"] in ("in-the-wild", "language-names")]
    return [row["text"] for row in rows if row["set"] == "negative"]


def test_mojibake_from_the_wild_is_found(shared_data):
    texts = samples(shared_data, broken=True)
    assert len(texts) == 90
    assert sum(map(flagged, texts)) >= 0.95 * len(texts)


def test_odd_but_right_text_is_seldom_called_mojibake(shared_data):
    texts = samples(shared_data, broken=False)
    assert sum(map(flagged, texts)) <= 0.1 * len(texts)


@pytest.mark.parametrize("name", ["covidqa_faq", "xquad_en", "drcd_dev", "docs_plausible/t2_2026-07-24"])
def test_no_page_of_a_clean_collection_is_mojibake(shared_data, name):
    assert not [d.doc_id for d in collection(shared_data / name) if flagged(d.text)]


def test_a_page_decoded_with_the_wrong_character_set_is_mojibake(shared_data):
    pages = [d.text for d in collection(shared_data / "drcd_dev")[:50]]
    assert all(flagged(page.encode("utf-8").decode("latin-1")) for page in pages)


def test_a_long_page_that_quotes_one_broken_character_is_not():
    page = "Choose UTF-8, or names show characters such as Ã© in the import. " + "Then run it again. " * 60
    assert count_mojibake(page) == 1
    assert not flagged(page)


@pytest.mark.parametrize("broken", [True, False])
def test_samples_from_the_wild_count_as_the_detector_counts_them(shared_data, broken):
    for text in samples(shared_data, broken=broken):
        assert count_mojibake(text) == badness(text)
        assert count_mojibake(f"Plain words before it. {text} And after it.") == badness(
            f"Plain words before it. {text} And after it."
        )


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS) | st.characters(max_codepoint=0x2FFF), max_size=40).map("".join))
def test_looking_only_around_non_ascii_characters_counts_the_same(text):
    assert count_mojibake(text) == badness(text)
