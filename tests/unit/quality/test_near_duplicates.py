import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality.near_duplicates import MIN_DETECTION, NUM_PERM, NearDuplicates, band_layout, shingle_hashes
from kbgate.quality.text_form import normalised
from quality_samples import collection, help_pages


def true_similarity(left: str, right: str) -> float:
    a, b = ({text[i : i + 5] for i in range(len(text) - 4)} for text in (left, right))
    return len(a & b) / len(a | b)


def find(texts: list[str], threshold: float = 0.85) -> dict[int, tuple[int, float]]:
    finder = NearDuplicates(threshold)
    for start in range(0, len(texts), 7):
        part = texts[start : start + 7]
        finder.add(start, part, np.ones(len(part), dtype=bool))
    return finder.verify(finder.candidates(), enumerate(texts))


@given(st.lists(st.text(max_size=30), max_size=8))
def test_shingles_of_a_batch_are_those_of_each_text_alone(texts):
    hashes, ends = shingle_hashes(texts)
    starts = [0, *ends.tolist()]
    for i, text in enumerate(texts):
        assert hashes[starts[i] : starts[i + 1]].tolist() == shingle_hashes([text])[0].tolist()
        assert starts[i + 1] - starts[i] == max(len(text) - 4, 0)


@pytest.mark.parametrize("threshold", [0.55, 0.7, 0.85, 0.95, 1.0])
def test_banding_finds_a_pair_at_the_threshold_with_probability_99_percent(threshold):
    rows, bands = band_layout(threshold)
    assert rows * bands <= NUM_PERM
    assert 1 - (1 - threshold**rows) ** bands >= MIN_DETECTION


def test_the_default_threshold_uses_16_bands_of_8_rows():
    assert band_layout(0.85) == (8, 16)


def test_edited_copies_are_found_with_their_true_jaccard_similarity():
    texts = [normalised(page.text) for page in help_pages(60)]
    texts += [f"{text} please note this." for text in texts[:20]]
    found = find(texts)
    expected = {60 + i: true_similarity(texts[i], texts[60 + i]) for i in range(20)}
    for later, similarity in expected.items():
        if similarity >= 0.87:
            assert found[later][0] == later - 60
            assert found[later][1] == pytest.approx(similarity, abs=0.005)
    assert len([s for s in expected.values() if s >= 0.87]) >= 15


def test_similar_pairs_below_the_threshold_are_not_reported(shared_data):
    texts = [normalised(document.text) for document in collection(shared_data / "docs_plausible" / "t2_2026-07-24")]
    found = find(texts)
    assert found
    for later, (earlier, similarity) in found.items():
        assert true_similarity(texts[earlier], texts[later]) == pytest.approx(similarity, abs=0.005)
        assert similarity >= 0.85


def test_every_copy_of_a_boilerplate_page_is_found_without_a_pair_of_each_with_each():
    page = normalised(help_pages(1)[0].text)
    texts = [f"{page} no {i}" for i in range(300)]
    finder = NearDuplicates(0.85)
    finder.add(0, texts, np.ones(300, dtype=bool))
    pairs = finder.candidates()
    assert len(pairs) <= 2 * finder.bands * 300
    assert len(finder.verify(pairs, enumerate(texts))) == 299


def test_texts_shorter_than_a_shingle_are_never_near_duplicates():
    assert find(["", "yes", "yes", "no"]) == {}
