import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.artifacts import RunFolder
from kbgate.errors import ArtifactError, UsageError
from kbgate.quality.quarantine import SCHEMA
from kbgate.web.quarantine import COLUMNS, PAGE_ROWS, csv_lines, guarded, read_quarantine

MakeFolder = Callable[..., RunFolder]
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠x", "\u3000=1"]


@pytest.fixture
def folder_of(tmp_path: Path) -> MakeFolder:
    """A run whose quarantine has a row for each of the given values."""

    def make(*rows: dict[str, Any]) -> RunFolder:
        folder = RunFolder(str(tmp_path), "kb", "run")
        folder.write_table("quarantine.parquet", pa.Table.from_pylist([{**EMPTY, **row} for row in rows], SCHEMA))
        return folder

    return make


EMPTY: dict[str, Any] = {**dict.fromkeys(SCHEMA.names), "rule": "empty_text", "taken_out": True}


def rows_of(folder: RunFolder) -> list[dict[str, str]]:
    text = b"".join(csv_lines(folder)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_rows_are_shown_fifty_at_a_time_in_their_order(folder_of: MakeFolder) -> None:
    folder = folder_of(*({"doc_id": f"d{number}"} for number in range(2 * PAGE_ROWS + 1)))
    pages = [read_quarantine(folder, None, page) for page in (1, 2, 3)]
    assert [row.doc_id for page in pages for row in page.rows] == [f"d{n}" for n in range(2 * PAGE_ROWS + 1)]
    assert (pages[0].n_rows, pages[0].n_pages) == (101, 3)
    assert read_quarantine(folder, None, 999) == pages[2]


def test_only_rows_of_the_chosen_reason_are_shown_however_far_apart_they_lie(folder_of: MakeFolder) -> None:
    rows = [{"doc_id": f"d{n}", "rule": "markup" if n % 400 == 7 else "mojibake"} for n in range(1300)]
    found = read_quarantine(folder_of(*rows), "markup", 1)
    assert [row.doc_id for row in found.rows] == ["d7", "d407", "d807", "d1207"]
    assert found.counts == (("mojibake", 1296), ("markup", 4))
    assert (found.n_rows, found.n_pages) == (4, 1)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=180), st.integers(1, 5))
def test_the_pages_of_a_reason_are_its_rows_and_no_other(rules: list[str], page: int) -> None:
    folder = RunFolder("memory://quarantine-pages", "kb", "run")
    rows = [{**EMPTY, "doc_id": str(number), "rule": rule} for number, rule in enumerate(rules)]
    folder.write_table("quarantine.parquet", pa.Table.from_pylist(rows, SCHEMA))
    for rule in set(rules):
        wanted = [str(number) for number, name in enumerate(rules) if name == rule]
        found = read_quarantine(folder, rule, page)
        start = (found.page - 1) * PAGE_ROWS
        assert [row.doc_id for row in found.rows] == wanted[start : start + PAGE_ROWS]


def test_an_unknown_reason_is_told_with_those_there_are(folder_of: MakeFolder) -> None:
    with pytest.raises(UsageError, match=r"'nope'\. Reasons that occur: empty_text"):
        read_quarantine(folder_of({"doc_id": "a"}), "nope", 1)


def test_an_empty_quarantine_has_one_empty_page(folder_of: MakeFolder) -> None:
    found = read_quarantine(folder_of(), None, 1)
    assert (found.rows, found.counts, found.n_pages, found.n_rows) == ((), (), 1, 0)


def test_missing_values_are_empty_texts(folder_of: MakeFolder) -> None:
    row = read_quarantine(folder_of({"doc_id": "a"}), None, 1).rows[0]
    assert (row.excerpt, row.title, row.line, row.taken_out) == ("", "", None, True)


def test_a_run_without_a_quarantine_is_an_error_before_the_first_byte(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path), "kb", "run")
    for look in (lambda: read_quarantine(folder, None, 1), lambda: next(csv_lines(folder))):
        with pytest.raises(ArtifactError, match=r"quarantine\.parquet"):
            look()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 5000])
def test_a_broken_quarantine_is_an_error_before_the_first_byte(tmp_path: Path, content: bytes) -> None:
    folder = RunFolder(str(tmp_path), "kb", "run")
    folder.write_bytes("quarantine.parquet", content)
    for look in (lambda: read_quarantine(folder, None, 1), lambda: next(csv_lines(folder))):
        with pytest.raises(ArtifactError, match="not a whole Parquet file"):
            look()


def test_a_table_of_another_kind_is_named(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path), "kb", "run")
    folder.write_table("quarantine.parquet", pa.table({"n": [1]}))
    with pytest.raises(ArtifactError, match="no column 'rule'"):
        read_quarantine(folder, None, 1)


def test_the_download_has_every_row_and_every_script(folder_of: MakeFolder) -> None:
    rows = [{"doc_id": f"d{n}", "title": '空白, "欄位"\r\nsecond line', "line": n} for n in range(1200)]
    pieces = list(csv_lines(folder_of(*rows)))
    assert len(pieces) > 1
    assert pieces[0].startswith(b"\xef\xbb\xbf")
    read = rows_of(folder_of(*rows))
    assert tuple(read[0]) == COLUMNS
    assert [row["doc_id"] for row in read] == [f"d{n}" for n in range(1200)]
    assert {row["title"] for row in read} == {'空白, "欄位"\r\nsecond line'}


def test_the_download_of_an_empty_quarantine_has_its_header(folder_of: MakeFolder) -> None:
    assert rows_of(folder_of()) == []
    assert b"".join(csv_lines(folder_of())).decode("utf-8-sig").startswith('"doc_id","title","rule"')


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_of_the_download_begins_as_a_formula_does(folder_of: MakeFolder, text: str) -> None:
    texts = {name: text for name in COLUMNS if name not in ("taken_out", "line")}
    row = rows_of(folder_of({**texts, "line": -5}))[0]
    assert {name: row[name] for name in texts} == {name: f"'{text}" for name in texts}
    assert row["line"] == "'-5"


@given(st.text())
def test_a_guarded_cell_never_begins_as_a_formula_and_keeps_its_text(text: str) -> None:
    cell = guarded(text)
    assert cell in (text, f"'{text}")
    assert not cell.lstrip().startswith(tuple("=+-@＝＋－＠"))


def test_an_ordinary_cell_is_left_as_it_is() -> None:
    assert [guarded(value) for value in ("a=b", "12", 7, None, True, "")] == ["a=b", "12", "7", "", "True", ""]
