import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.evaluation.golden_set import load_golden_set
from kbgate.evaluation.query_duplicates import QueryPair, find_query_duplicates, nearest_query
from kbgate.evaluation.query_text import comparable

THRESHOLD = 0.85


def jaccard(one: str, other: str) -> float:
    left, right = (
        {text[place : place + 3] for place in range(len(text) - 2)}
        for text in (f" {comparable(one)} ", f" {comparable(other)} ")
    )
    return len(left & right) / len(left | right)


def test_the_same_words_and_nearly_the_same_words_are_told_apart() -> None:
    texts = [
        "How often do elections take place?",
        "where is my parcel",
        "how often do elections take place",
        "How many species of ctenophores have been validated?",
        "How many species of ctenophora have been validated?",
    ]
    same, near = find_query_duplicates(texts, THRESHOLD)
    assert same == QueryPair(0, 2, 1.0)
    assert (near.earlier, near.later) == (3, 4)
    assert near.similarity == pytest.approx(jaccard(texts[3], texts[4]))


def test_each_copy_is_counted_once_and_the_first_is_none() -> None:
    pairs = find_query_duplicates(["same words"] * 4, THRESHOLD)
    assert [(pair.earlier, pair.later) for pair in pairs] == [(0, 1), (0, 2), (0, 3)]


@given(st.lists(st.text("abc ?", min_size=1, max_size=8), min_size=2, max_size=8), st.floats(0.05, 1))
def test_similarity_is_the_jaccard_index_of_three_character_windows(texts: list[str], threshold: float) -> None:
    forms = [comparable(text) for text in texts]
    found = {pair.later: pair for pair in find_query_duplicates(texts, threshold)}
    for later, form in enumerate(forms):
        best = max((jaccard(texts[earlier], texts[later]) for earlier in range(later) if forms[earlier]), default=0)
        if form and form in forms[:later]:
            assert found[later] == QueryPair(forms.index(form), later, 1.0)
        elif form and best >= threshold:
            assert found[later].similarity == pytest.approx(best, abs=1e-5)
        else:
            assert later not in found


@pytest.mark.parametrize("texts", [[], ["??"], ["?", "!"], ["", ""]])
def test_texts_without_words_are_no_duplicates(texts: list[str]) -> None:
    assert find_query_duplicates(texts, THRESHOLD) == []
    assert nearest_query("?", texts) is None


def test_the_nearest_question_is_named() -> None:
    texts = ["where is my parcel", "my card was charged twice", "cancel my plan"]
    assert nearest_query("Where is my parcel?", texts) == QueryPair(0, 3, 1.0)
    nearest = nearest_query("card charged twice", texts)
    assert nearest is not None
    assert (nearest.earlier, nearest.later) == (1, 3)
    assert nearest_query("where", []) is None


@pytest.mark.parametrize(("name", "n_same", "n_near"), [("covidqa_faq", 0, 0), ("xquad_en", 5, 3), ("drcd_dev", 0, 0)])
def test_real_golden_sets_hold_few(shared_data, name: str, n_same: int, n_near: int) -> None:
    golden = load_golden_set(str(shared_data / name))
    pairs = find_query_duplicates([query.text for query in golden.queries], THRESHOLD)
    assert sum(pair.similarity == 1 for pair in pairs) == n_same
    assert sum(pair.similarity < 1 for pair in pairs) == n_near
