from pathlib import Path

import pytest

from kbgate.errors import UsageError
from kbgate.records import Document, RejectedRow
from kbgate.sample.batch_folder import MARKER, write_batch_folder
from kbgate.sources.markdown import MarkdownSource

PAGE = Document(
    "billing/refund.md",
    'Refunds: "when" & how',
    "First line.\n\nÜber 20 €.",
    "",
    updated_at="2026-11-10",
    metadata={"category": "billing"},
)


def test_a_document_reads_back_as_it_was(tmp_path: Path) -> None:
    write_batch_folder([PAGE], tmp_path / "new" / "batch", {"seed": 7})
    (row,) = MarkdownSource({"path": str(tmp_path / "new" / "batch")}).read()
    assert (row.doc_id, row.title, row.text.strip(), row.updated_at) == (
        PAGE.doc_id,
        PAGE.title,
        PAGE.text,
        PAGE.updated_at,
    )
    assert row.metadata["category"] == "billing"


def test_bytes_that_are_not_utf8_are_written_as_they_are(tmp_path: Path) -> None:
    text = "caf\udce9"
    write_batch_folder([PAGE, Document("a.md", "A", text, "")], tmp_path, {})
    assert b"caf\xe9" in (tmp_path / "a.md").read_bytes()
    (row,) = (row for row in MarkdownSource({"path": str(tmp_path)}).read() if isinstance(row, RejectedRow))
    assert row.doc_id == "a.md"


def test_an_empty_folder_may_be_used_and_a_batch_of_ours_replaced(tmp_path: Path) -> None:
    write_batch_folder([PAGE], tmp_path, {"seed": 7})
    write_batch_folder([Document("b.md", "B", "text", "")], tmp_path, {"seed": 8})
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [MARKER, "b.md"]
    assert '"seed": 8' in (tmp_path / MARKER).read_text()


def test_a_folder_without_the_marker_is_not_ours(tmp_path: Path) -> None:
    write_batch_folder([PAGE], tmp_path, {})
    (tmp_path / MARKER).unlink()
    with pytest.raises(UsageError, match="was not written by `kbgate sample`"):
        write_batch_folder([PAGE], tmp_path, {})
    assert (tmp_path / PAGE.doc_id).is_file()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=r"file/batch.*--into"):
        write_batch_folder([PAGE], tmp_path / "file" / "batch", {})
