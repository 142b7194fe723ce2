"""A few documents that are cut otherwise than live's are found, whatever the mean of all chunks says."""

import numpy as np
import pandas as pd
import pytest

from kbgate.quality.chunk_form import chunk_form, measure_chunk_form
from kbgate.results import Measurement, Verdict
from kbgate.sections.quality import QualitySettings

SETTINGS = QualitySettings()
COLUMNS = ["doc_id", "position", "start", "end", "n_tokens"]


def cut(n_documents: int, size: int = 240, overlap: int = 40, seed: int = 1) -> pd.DataFrame:
    """Documents of 300 to 2,000 tokens, four characters a token, cut into windows."""
    random, rows = np.random.default_rng(seed), []
    for number in range(n_documents):
        length, start = int(random.integers(300, 2000)), 0
        for position in range(100):
            end = min(start + size, length)
            rows.append((f"d{number}", position, 4 * start, 4 * end, end - start))
            if end == length:
                break
            start = end - overlap
    return pd.DataFrame(rows, columns=COLUMNS)


def judge(new: pd.DataFrame, live: pd.DataFrame | None) -> dict[str, Measurement]:
    before = None if live is None else chunk_form(live)
    return {m.name: m for m in measure_chunk_form(chunk_form(new), before, SETTINGS, "Mend it.")}


def test_chunks_cut_like_lives_pass() -> None:
    found = judge(cut(8, seed=2), cut(60))
    assert {m.verdict for m in found.values()} == {Verdict.PASSED}
    assert found["full_chunk_shift"].value == pytest.approx(0)
    assert found["overlap_loss"].value == pytest.approx(0, abs=0.02)


def test_smaller_chunks_fail_although_last_ones_are_left_out() -> None:
    found = judge(cut(8, size=140, overlap=20, seed=2), cut(60))
    assert found["full_chunk_shift"].verdict is Verdict.FAILED
    assert found["full_chunk_shift"].value == pytest.approx(1 - 140 / 240)
    assert "have 140 tokens" in found["full_chunk_shift"].message


def test_lost_overlap_fails() -> None:
    found = judge(cut(8, overlap=0, seed=2), cut(60))
    assert found["full_chunk_shift"].verdict is Verdict.PASSED
    assert (found["overlap_loss"].verdict, found["overlap_loss"].value) == (Verdict.FAILED, pytest.approx(1))


def test_a_chunker_without_overlap_has_none_to_lose() -> None:
    assert set(judge(cut(8, overlap=0, seed=2), cut(60, overlap=0))) == {"full_chunk_shift"}


@pytest.mark.parametrize("case", ["first ingest", "few documents", "one chunk each"])
def test_too_little_is_not_judged(case: str) -> None:
    one_each = pd.DataFrame([(f"d{n}", 0, 0, 400, 100) for n in range(30)], columns=COLUMNS)
    new, live = {
        "first ingest": (cut(8), None),
        "few documents": (cut(3), cut(60)),
        "one chunk each": (one_each, cut(60)),
    }[case]
    (measured,) = judge(new, live).values()
    assert (measured.value, measured.verdict) == (None, Verdict.PASSED)


def test_the_order_of_rows_changes_nothing() -> None:
    frame = cut(10)
    assert chunk_form(frame) == chunk_form(frame.sample(frac=1, random_state=3))


def test_lengths_that_vary_by_structure_are_not_called_a_change() -> None:
    """Chunks by headings vary much from document to document; the interval over documents knows that."""
    random = np.random.default_rng(4)

    def by_headings(n: int, seed: int) -> pd.DataFrame:
        rows = []
        for number in range(n):
            start = 0
            for position in range(4):
                length = int(random.integers(40, 240))
                rows.append((f"{seed}-{number}", position, start, start + 4 * length, length))
                start += 4 * length
        return pd.DataFrame(rows, columns=COLUMNS)

    live = by_headings(60, 0)
    alarms = sum(
        judge(by_headings(8, seed), live)["full_chunk_shift"].verdict is Verdict.FAILED for seed in range(1, 101)
    )
    assert alarms <= 2
