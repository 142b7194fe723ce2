"""Documents that are only the beginning of what live has."""

import pandas as pd
import pytest

from kbgate.quality.truncated import find_truncated, measure_truncated, shorter_than_live
from kbgate.records import Document
from kbgate.results import Verdict
from kbgate.sections.quality import QualitySettings

SETTINGS = QualitySettings()
TEXT = "Open the orders page. Choose the order that you want to change. Save it before you leave the page."


def page(doc_id: str, text: str) -> Document:
    return Document(doc_id, "Title", text, "pages.jsonl")


def frame(*tokens: int) -> pd.DataFrame:
    return pd.DataFrame({"doc_id": [f"d{n}" for n in range(len(tokens))], "n_tokens": list(tokens)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT[:40], True),
        (TEXT[:90], True),
        (f" {TEXT[:30]}\n  {TEXT[30:50]}", True),
        (TEXT, False),
        ("", False),
        ("We have removed this guide.", False),
        (TEXT[30:], False),
        (f"{TEXT[:40]} Ask the front desk.", False),
    ],
)
def test_only_the_beginning_of_the_old_text_is_truncated(text: str, expected: bool) -> None:
    documents = [page("a", text), page("new", "A new page."), page("b", TEXT)]
    found = find_truncated(documents, [page("b", TEXT), page("a", TEXT), page("gone", TEXT)])
    assert found == (["a"] if expected else [])


def test_documents_that_lost_a_tenth_are_looked_at() -> None:
    live = frame(100, 100, 100)
    assert shorter_than_live(frame(89, 90, 200), live) == ["d0"]
    assert shorter_than_live(frame(1), live.iloc[:0]) == []
    assert shorter_than_live(frame(1), None) == []


@pytest.mark.parametrize(
    ("n_cut", "n", "verdict"), [(2, 10, "passed"), (3, 10, "failed"), (4, 200, "passed"), (5, 200, "failed")]
)
def test_one_or_two_may_always_be_cut_and_two_per_cent_of_many(n_cut: int, n: int, verdict: str) -> None:
    whole = frame(*[100] * n)
    found = measure_truncated(whole, whole, [f"d{number}" for number in range(n_cut)], SETTINGS)
    assert found.verdict == verdict
    assert (found.value, found.n) == (pytest.approx(n_cut / n), n)
    assert (found.value <= found.threshold) is (found.verdict is Verdict.PASSED)
    assert "such as d0, d1" in found.message


def test_new_documents_have_nothing_to_lose() -> None:
    live = frame(100).assign(doc_id="elsewhere")
    for nothing in (measure_truncated(frame(10), live, [], SETTINGS), measure_truncated(frame(10), None, [], SETTINGS)):
        assert (nothing.value, nothing.verdict) == (None, Verdict.PASSED)
