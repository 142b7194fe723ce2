"""Text that lies in no chunk is counted once, whatever the overlaps."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality.chunk_coverage import covered_chars, measure_chunk_coverage
from kbgate.results import Verdict


def spans(**documents: list[tuple[int, int]]) -> pd.DataFrame:
    rows = [(doc_id, start, end) for doc_id, pairs in documents.items() for start, end in pairs]
    return pd.DataFrame(rows, columns=["doc_id", "start", "end"])


def chars(**lengths: int) -> "pd.Series[int]":
    return pd.Series(lengths)


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), max_size=6)))
def test_the_union_of_the_spans_is_counted(documents: dict[str, list[tuple[int, int]]]) -> None:
    pairs = {doc_id: [(start, start + length) for start, length in found] for doc_id, found in documents.items()}
    expected = {
        doc_id: len({place for span in found for place in range(*span)}) for doc_id, found in pairs.items() if found
    }
    assert covered_chars(spans(**pairs)).to_dict() == expected


def test_only_the_last_chunk_kept_is_found() -> None:
    whole, last = spans(a=[(0, 100), (90, 200)], b=[(0, 50)]), spans(a=[(90, 200)], b=[(0, 50)])
    assert measure_chunk_coverage(whole, chars(a=200, b=50), 0.02, "Mend it.").verdict is Verdict.PASSED
    found = measure_chunk_coverage(last, chars(a=200, b=50), 0.02, "Mend it.")
    assert found.verdict is Verdict.FAILED
    assert found.value == pytest.approx(90 / 250)
    assert "36.0 % of the documents' text is in no chunk; the limit is 2 % (such as a: 45.0 %" in found.message
    assert found.advice == "Mend it."


def test_a_document_without_any_chunk_counts_as_uncovered() -> None:
    found = measure_chunk_coverage(spans(a=[(0, 10)]), chars(a=10, b=10), 0.02, "")
    assert (found.value, found.n) == (pytest.approx(0.5), 2)


def test_documents_without_text_have_nothing_to_cover() -> None:
    assert measure_chunk_coverage(spans(), chars(), 0.02, "").value is None
