import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.chunkers.token_windows import TokenWindowsChunker, _windows
from kbgate.records import Document
from kbgate.sections.chunker import ChunkerSettings


def cut(text, tokenizer, size, overlap):
    settings = ChunkerSettings(size_tokens=size, overlap_tokens=overlap)
    return TokenWindowsChunker(settings, tokenizer).chunk(Document("d", "t", text, "s"))


@st.composite
def window_settings(draw):
    size = draw(st.integers(8, 60))
    return draw(st.integers(1, 400)), size, draw(st.integers(0, size - 1))


@given(window_settings(), st.sets(st.integers(0, 400)))
def test_windows_cover_every_token_advance_fit_and_leave_no_stub(numbers, torn):
    n, size, overlap = numbers
    windows = list(_windows(n, size, overlap, torn.__contains__))
    assert windows[0][0] == 0
    assert windows[-1][1] == n
    for (first, end), (next_first, next_end) in pairwise(windows):
        assert first < next_first <= end < next_end
        assert end - next_first <= overlap
    assert all(end - first <= size for first, end in windows)
    if n > size:
        assert all(end - first >= min(size // 2, size - 16) - 16 for first, end in windows)


def test_windows_have_the_set_size_and_overlap_when_every_token_is_a_word():
    assert list(_windows(100, 40, 10, lambda cut: False)) == [(0, 40), (30, 70), (60, 100)]


def test_the_last_two_windows_share_what_is_left():
    assert list(_windows(41, 40, 0, lambda cut: False)) == [(0, 21), (21, 41)]
    assert list(_windows(83, 40, 10, lambda cut: False)) == [(0, 40), (30, 62), (52, 83)]


def test_no_word_is_torn_and_neighbours_overlap(tokenizer):
    text = "Reconciliation of unforeseeable multi-warehouse inventories, unquestionably. " * 20
    made = cut(text, tokenizer, 50, 10)
    words = set(re.findall(r"[\w-]+", text))
    assert all(set(re.findall(r"[\w-]+", chunk.text)) <= words for chunk in made)
    assert all(later.start < earlier.end for earlier, later in pairwise(made))


def test_no_character_is_lost_but_white_space(tokenizer):
    text = "\ufffd\u200bStart e\u0301 a\u0308 中文\u200b字 👩\u200d👧 \r\n\r\n" * 30 + "\u200b end \ufffd"
    made = cut(text, tokenizer, 20, 0)
    rest = list(text)
    for chunk in made:
        rest[chunk.start : chunk.end] = [" "] * (chunk.end - chunk.start)
    assert "".join(rest).strip() == ""


def test_chinese_is_cut_without_spaces(tokenizer):
    text = "知識庫更新之後檢索延遲上升。" * 40
    made = cut(text, tokenizer, 64, 8)
    assert len(made) > 5
    assert all(40 < chunk.n_tokens <= 64 for chunk in made)


@pytest.mark.parametrize("extra_words", range(1, 8))
def test_a_text_just_above_the_size_leaves_no_stub(tokenizer, extra_words):
    made = cut("word " * (240 + extra_words), tokenizer, 240, 40)
    assert len(made) == 2
    assert min(chunk.n_tokens for chunk in made) > 100
