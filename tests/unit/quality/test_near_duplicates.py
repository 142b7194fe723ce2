import numpy as np
import pytest

from kbgate.quality.near_duplicates import MIN_DETECTION, NUM_PERM, NearDuplicates, band_layout
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


def test_only_the_documents_asked_for_are_compared():
    texts = [normalised(page.text) for page in help_pages(4)]
    texts += [f"{text} thanks." for text in texts]
    finder = NearDuplicates(0.85)
    finder.add(0, texts, np.ones(8, dtype=bool))
    assert finder.candidates().tolist() == [[i, i + 4] for i in range(4)]
    among = np.array([True, True, True, False, True, False, True, True])
    assert finder.candidates(among).tolist() == [[0, 4], [2, 6]]


def test_a_document_near_several_earlier_ones_names_the_most_similar():
    page = normalised(help_pages(1)[0].text)
    texts = [f"{page} one two three four.", f"{page} one two.", f"{page} one two"]
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    found = NearDuplicates(0.5).verify(pairs, enumerate(texts))
    assert {later: earlier for later, (earlier, _) in found.items()} == {1: 0, 2: 1}
