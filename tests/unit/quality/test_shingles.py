import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality.shingles import SHINGLE_CHARS, jaccard, shingle_hashes, shingle_set


@given(st.lists(st.text(max_size=30), max_size=8))
def test_shingles_of_a_batch_are_those_of_each_text_alone(texts: list[str]) -> None:
    hashes, ends = shingle_hashes(texts)
    starts = [0, *ends.tolist()]
    for i, text in enumerate(texts):
        assert hashes[starts[i] : starts[i + 1]].tolist() == shingle_hashes([text])[0].tolist()
        assert starts[i + 1] - starts[i] == max(len(text) - 4, 0)


@given(st.text(min_size=SHINGLE_CHARS, max_size=40), st.text(min_size=SHINGLE_CHARS, max_size=40))
def test_similarity_is_the_share_of_common_windows(left: str, right: str) -> None:
    a, b = ({text[i : i + SHINGLE_CHARS] for i in range(len(text) - SHINGLE_CHARS + 1)} for text in (left, right))
    assert jaccard(shingle_set(left), shingle_set(right)) == pytest.approx(len(a & b) / len(a | b))
