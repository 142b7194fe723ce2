"""Doubled ids are held back, and a source out of which nothing came is refused."""

import pytest

from kbgate.errors import EmptySourceError, SourceError
from kbgate.records import Document, RejectedRow
from kbgate.sources.accept import accept
from kbgate.sources.files import EMPTY_FILE


def document(doc_id: str, line: int) -> Document:
    return Document(doc_id, "t", f"text {line}", "in.jsonl", line=line)


REJECTED = RejectedRow("in.jsonl", 4, "malformed", "The line is not JSON.", "{")


def test_first_document_of_an_id_is_kept_and_later_ones_are_rejected_with_their_line():
    first, second, other = document("a", 1), document("a", 2), document("b", 3)
    kept, doubled, also_kept = accept([first, second, other], "in.jsonl")
    assert (kept, also_kept) == (first, other)
    assert (doubled.rule, doubled.line, doubled.doc_id) == ("doubled_doc_id", 2, "a")


def test_no_rows_at_all_is_an_error():
    with pytest.raises(SourceError, match=r"in\.jsonl is empty"):
        list(accept([], "in.jsonl"))


def test_nothing_but_empty_files_is_an_empty_source_and_still_other_rows_are_not():
    empty = RejectedRow("2.jsonl", None, EMPTY_FILE, "The file holds no row.", "")
    with pytest.raises(EmptySourceError, match=r"\*\.jsonl is empty"):
        list(accept([empty, empty], "*.jsonl"))
    with pytest.raises(SourceError, match="line 4: The line is not JSON") as caught:
        list(accept([empty, REJECTED], "*.jsonl"))
    assert not isinstance(caught.value, EmptySourceError)


def test_only_rejected_rows_is_an_error_that_names_the_first():
    with pytest.raises(SourceError, match=r"No row of in\.jsonl became a document.*line 4: The line is not JSON"):
        list(accept([REJECTED, REJECTED], "in.jsonl"))


def test_one_document_among_rejected_rows_is_enough():
    assert len(list(accept([REJECTED, document("a", 1), REJECTED], "in.jsonl"))) == 3


def test_rows_are_passed_on_one_by_one():
    def rows():
        yield document("a", 1)
        raise AssertionError("the second row was asked for before it was wanted")

    assert next(accept(rows(), "in.jsonl")).doc_id == "a"
