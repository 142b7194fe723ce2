"""Documents with the words of live and other numbers; edits that many pages share are none."""

from pathlib import Path
from random import Random

import pandas as pd
import pytest

from kbgate.quality.replaced_numbers import (
    EXAMINED,
    ReplacedNumbers,
    changed_since_live,
    draw_changed,
    find_replaced_numbers,
    measure_replaced_numbers,
)
from kbgate.records import Document
from kbgate.results import Verdict
from kbgate.sample.text_faults import numbers_scrambled
from kbgate.sections.quality import QualitySettings
from quality_samples import collection

SETTINGS = QualitySettings()
TEXT = "A plan costs 30 a month, 310 a year; the invoice of 2025 is due in 14 days."


def page(doc_id: str, text: str) -> Document:
    return Document(doc_id, "Title", text, "pages.jsonl")


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("A plan costs 71 a month, 902 a year; the invoice of 4418 is due in 14 days.", "30 -> 71"),
        ("A plan costs 71 a month,\n902 a year;  the invoice of 4418 is due in 3 days.", "30 -> 71"),
        (TEXT, None),
        ("A plan costs 71 a month, 310 a year; the invoice of 2025 is due in 14 days.", None),
        ("A plan costs 71 a month, 902 a year; the invoice of 2025 is due in 14 days.", None),
        ("Your plan costs 71 a month, 902 a year; the invoice of 4418 is due in 9 days.", None),
        ("", None),
    ],
)
def test_most_numbers_of_a_text_that_is_otherwise_the_same(text: str, example: str | None) -> None:
    found = find_replaced_numbers([page("new", TEXT), page("a", text)], [page("a", TEXT), page("gone", TEXT)])
    assert found == ({} if example is None else {"a": example})


def test_a_price_that_rose_on_every_page_is_an_edit_and_random_numbers_are_not() -> None:
    live = [page(f"d{n}", f"Plan {n} costs 30 in 2025.") for n in range(1, 5)]
    risen = [page(f"d{n}", f"Plan {n} costs 35 in 2026.") for n in range(1, 5)]
    assert find_replaced_numbers(risen, live) == {}
    scrambled = [page(f"d{n}", f"Plan {n} costs {n}7 in 40{n}2.") for n in range(1, 5)]
    assert sorted(find_replaced_numbers(scrambled, live)) == ["d1", "d2", "d3", "d4"]


def test_changed_documents_are_those_with_another_hash() -> None:
    live = pd.DataFrame({"doc_id": ["a", "b", "gone"], "content_hash": ["1", "2", "3"]})
    batch = pd.DataFrame({"doc_id": ["new", "b", "a"], "content_hash": ["9", "7", "1"]})
    assert changed_since_live(batch, live) == ["b"]
    assert changed_since_live(batch, None) == []


def test_the_draw_is_bounded_and_knows_no_order() -> None:
    names = [f"d{n}" for n in range(EXAMINED + 10)]
    assert draw_changed(names) == draw_changed(names[::-1])
    assert len(draw_changed(names)) == EXAMINED


@pytest.mark.parametrize(
    ("n_found", "n", "verdict"), [(2, 10, "passed"), (3, 10, "failed"), (6, 200, "passed"), (7, 200, "failed")]
)
def test_one_or_two_are_allowed_and_three_per_cent_of_many(n_found: int, n: int, verdict: str) -> None:
    live = pd.DataFrame({"doc_id": [f"d{number}" for number in range(n)]})
    replaced = ReplacedNumbers(n, n, {f"d{number}": "1 -> 2" for number in range(n_found)})
    found = measure_replaced_numbers(live["doc_id"], live, replaced, SETTINGS)
    assert found.verdict == verdict
    assert (found.value, found.n) == (pytest.approx(n_found / n), n)
    assert "(such as d0: 1 -> 2; d1: 1 -> 2" in found.message


def test_the_share_among_those_examined_stands_for_all_that_changed() -> None:
    live = pd.DataFrame({"doc_id": [f"d{number}" for number in range(1000)]})
    replaced = ReplacedNumbers(n_changed=400, n_examined=100, documents={"d1": "1 -> 2", "d2": "3 -> 4"})
    assert measure_replaced_numbers(live["doc_id"], live, replaced, SETTINGS).value == pytest.approx(0.008)


def test_without_live_there_is_nothing_to_compare() -> None:
    for live in (None, pd.DataFrame({"doc_id": ["other"]})):
        found = measure_replaced_numbers(pd.Series(["a"]), live, ReplacedNumbers(), SETTINGS)
        assert (found.value, found.verdict) == (None, Verdict.PASSED)


@pytest.mark.parametrize(("then", "now"), [(0, 1), (1, 2), (0, 2)])
def test_no_page_of_real_releases_is_blamed_and_scrambled_ones_are(shared_data: Path, then: int, now: int) -> None:
    folders = sorted((shared_data / "docs_plausible").glob("t*"))
    live, release = collection(folders[then]), collection(folders[now])
    assert len(find_replaced_numbers(release, live)) <= 2
    scrambled = numbers_scrambled(live, Random(1), 1.0)
    several = [one for one, other in zip(live, scrambled, strict=True) if one.text != other.text]
    assert len(find_replaced_numbers(scrambled, live)) > 0.5 * len(several) > 20
