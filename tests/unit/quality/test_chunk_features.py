import pandas as pd

from kbgate.quality.chunk_features import COLUMNS, measure_chunks


def chunks(*rows: tuple[str, str]) -> pd.DataFrame:
    """Chunks of (doc_id, text); the index is that of a frame that was filtered before."""
    frame = pd.DataFrame(rows, columns=["doc_id", "text"], index=range(10, 10 + len(rows)))
    return frame.assign(chunk_id=[f"c{n}" for n in range(len(rows))], n_tokens=[len(text) for _, text in rows])


def test_chunks_keep_their_order_and_leave_their_texts_behind() -> None:
    features = measure_chunks(chunks(("a", " one "), ("b", "two"), ("a", "three")))
    assert list(features.columns) == list(COLUMNS)
    assert features["chunk_id"].tolist() == ["c0", "c1", "c2"]
    assert features["text_chars"].tolist() == [3, 3, 5]
    assert features["n_document_chunks"].tolist() == [2, 1, 2]


def test_the_same_text_is_counted_in_documents_not_in_chunks() -> None:
    features = measure_chunks(
        chunks(("a", "Legal notice"), ("a", "legal   NOTICE"), ("b", "Legal\nnotice"), ("b", "x"))
    )
    assert features["n_documents_with_text"].tolist() == [2, 2, 2, 1]


def test_empty_chunks_do_not_repeat_one_another() -> None:
    assert measure_chunks(chunks(("a", ""), ("b", " \n"), ("c", "")))["n_documents_with_text"].tolist() == [0, 0, 0]


def test_no_chunks_have_no_features() -> None:
    features = measure_chunks(chunks())
    assert len(features) == 0
    assert list(features.columns) == list(COLUMNS)
