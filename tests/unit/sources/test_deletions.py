"""The list of documents to remove is read strictly."""

import pytest

from kbgate.errors import SourceError
from kbgate.sources.deletions import read_deletions


def test_ids_are_read_in_order_without_blank_lines_and_comments(tmp_path):
    path = tmp_path / "gone.txt"
    path.write_text("\ufeff# retired pages\nb/page.md#part\n\n  a.md  \n", encoding="utf-8")
    assert read_deletions(str(path)) == ["b/page.md#part", "a.md"]


def test_empty_list_removes_nothing(tmp_path):
    (tmp_path / "gone.txt").write_text("")
    assert read_deletions(str(tmp_path / "gone.txt")) == []


def test_doubled_id_is_refused_with_both_lines(tmp_path):
    (tmp_path / "gone.txt").write_text("a.md\n\na.md\n")
    with pytest.raises(SourceError, match=r"gone\.txt, line 3: 'a\.md' is listed already on line 1"):
        read_deletions(str(tmp_path / "gone.txt"))


def test_wrong_encoding_is_refused_with_its_line(tmp_path):
    (tmp_path / "gone.txt").write_bytes(b"a.md\ncaf\xe9.md\n")
    with pytest.raises(SourceError, match=r"gone\.txt, line 2 is not UTF-8"):
        read_deletions(str(tmp_path / "gone.txt"))


def test_missing_list_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"gone\.txt does not exist"):
        read_deletions(str(tmp_path / "gone.txt"))
