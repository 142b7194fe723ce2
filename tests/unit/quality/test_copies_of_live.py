import pandas as pd

from kbgate.quality.copies_of_live import copies_of_live


def rows(**text_hashes: str) -> pd.DataFrame:
    return pd.DataFrame({"doc_id": list(text_hashes), "text_hash": list(text_hashes.values()), "text_chars": 9})


def test_a_copy_names_the_document_of_live_that_stays() -> None:
    assert copies_of_live(rows(new="1", other="2"), rows(a="0", b="1")).tolist() == ["b", ""]


def test_a_document_that_the_batch_delivers_itself_does_not_count() -> None:
    assert copies_of_live(rows(new="1", b="3"), rows(a="0", b="1")).tolist() == ["", ""]


def test_an_unchanged_document_is_no_copy_and_a_changed_one_may_be() -> None:
    live = rows(a="1", b="1", c="2")
    assert copies_of_live(rows(a="1"), live).tolist() == [""]
    assert copies_of_live(rows(c="1"), live).tolist() == ["a"]


def test_empty_texts_are_copies_of_nothing() -> None:
    assert copies_of_live(rows(new="1").assign(text_chars=0), rows(a="1")).tolist() == [""]
