"""Documents cut again must give the chunks that are there; one that does not is enough."""

from collections.abc import Callable

import pandas as pd
import pytest

from kbgate.quality.rechunked import SAMPLE_DOCUMENTS, documents_to_cut_again, measure_rechunked
from kbgate.records import Chunk
from kbgate.results import Verdict

TEXT = "0123456789" * 3


def cut(doc_id: str, size: int = 10, overlap: int = 2) -> list[Chunk]:
    starts = range(0, len(TEXT) - overlap, size - overlap)
    return [
        Chunk(f"{doc_id}-{n}", doc_id, n, start, min(start + size, len(TEXT)), TEXT[start : start + size], (), size)
        for n, start in enumerate(starts)
    ]


def stored(*documents: list[Chunk]) -> pd.DataFrame:
    fields = ("doc_id", "position", "start", "end", "text")
    return pd.DataFrame([{name: getattr(chunk, name) for name in fields} for chunks in documents for chunk in chunks])


def test_the_same_chunks_in_any_order_pass() -> None:
    frame = stored(cut("a"), cut("b"), cut("c", size=6)).sample(frac=1, random_state=1)
    found = measure_rechunked(frame, {"a": cut("a"), "b": cut("b")})
    assert (found.value, found.n, found.verdict) == (1, 2, Verdict.PASSED)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: cut("b", size=6),
        lambda: cut("b", overlap=0),
        lambda: cut("b")[-1:],
        list,
        lambda: [*cut("b"), *cut("b")[:1]],
        lambda: [Chunk(c.chunk_id, "b", c.position, c.start, c.end, c.text.upper() + ".", (), 1) for c in cut("b")],
    ],
)
def test_one_document_with_other_chunks_fails_and_is_named(spoil: Callable[[], list[Chunk]]) -> None:
    found = measure_rechunked(stored(cut("a"), spoil()), {"a": cut("a"), "b": cut("b")})
    assert (found.value, found.verdict) == (0.5, Verdict.FAILED)
    assert "1 of 2 documents give other chunks" in found.message
    assert "(such as b)" in found.message
    assert "Clear chunk_documents" in found.advice


def test_nothing_to_cut_again_is_not_judged() -> None:
    assert measure_rechunked(stored(cut("a")), {}).value is None


def test_the_draw_is_bounded_and_knows_no_order() -> None:
    names = [f"d{n}" for n in range(1000)]
    drawn = documents_to_cut_again(names)
    assert len(drawn) == SAMPLE_DOCUMENTS
    assert drawn == documents_to_cut_again(names[::-1])
    assert documents_to_cut_again(["a"]) == {"a"}
