"""CSV and Parquet: rows become documents, damaged ones are rejected, other files are refused."""

import csv
import datetime as dt
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbgate.errors import EmptySourceError, SettingsError, SourceError
from kbgate.records import Document, RejectedRow
from kbgate.sources.tabular import CsvSource, ParquetSource

HEADER = "doc_id,title,text\n"


def read_csv(path, **options):
    return list(CsvSource({"path": str(path), **options}).read())


def read_parquet(path, **options):
    return list(ParquetSource({"path": str(path), **options}).read())


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str = "in.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return tmp_path / name

    return write


def test_csv_row_that_spans_lines_carries_its_first_line(write):
    rows = read_csv(write('\ufeffdoc_id, title ,text,tag\r\na,T,"one\ntwo ""x""",p\r\n\r\nb,U,three,\r\n'))
    assert [(row.doc_id, row.title, row.text, row.line) for row in rows] == [
        ("a", "T", 'one\ntwo "x"', 2),
        ("b", "U", "three", 5),
    ]
    assert rows[0].metadata == {"tag": "p"}


def test_csv_row_with_the_wrong_number_of_fields_is_rejected(write):
    rows = read_csv(write(HEADER + "a,T,x\nb,T,x,y\nc,T\nd,T,x\ne,T,x\n"))
    rejected = [(row.rule, row.line) for row in rows if isinstance(row, RejectedRow)]
    assert rejected == [("malformed", 3), ("malformed", 4)]
    assert [row.doc_id for row in rows if isinstance(row, Document)] == ["a", "d", "e"]


def test_csv_stray_quote_is_rejected_and_the_next_row_is_read(write):
    rows = read_csv(write(HEADER + 'a,T,x\nb,"T"t,x\nc,T,x\n'))
    assert [(type(row), row.line) for row in rows] == [(Document, 2), (RejectedRow, 3), (Document, 4)]
    assert rows[1].rule == "malformed"


@pytest.mark.parametrize("before", [1, 80])
def test_csv_quote_that_is_never_closed_is_refused_with_the_line_where_it_opens(write, before):
    content = "".join(f"{n},T,x\n" for n in range(before)) + 'b,T,"x\n' + "".join(f"{n},T,x\n" for n in range(100, 130))
    with pytest.raises(
        SourceError, match=rf"opens in the row of line {before + 2} is never closed.*last one, {before + 32}"
    ):
        read_csv(write(HEADER + content))


def test_csv_each_line_that_a_stray_quote_swallowed_counts_as_a_row(write):
    good = "".join(f"{n},T,x\n" for n in range(20))
    rows = read_csv(write(HEADER + good + 'b,T,"x\nc,T,x\nd,T,x\ne,"T",x\n' + "f,T,x\n"))
    assert [row.line for row in rows if isinstance(row, RejectedRow)] == [22, 23, 24, 25]
    assert rows[-1].doc_id == "f"


def test_csv_and_parquet_files_without_rows_are_named_beside_others(write, tmp_path):
    write("", "1.csv"), write(HEADER, "2.csv"), write(HEADER + "a,T,x\n", "3.csv")
    found = list(CsvSource({"path": str(tmp_path / "*.csv")}).read())
    assert [(getattr(row, "rule", ""), row.source_uri[-5:]) for row in found] == [
        ("empty_file", "1.csv"),
        ("empty_file", "2.csv"),
        ("", "3.csv"),
    ]
    empty = pa.table({name: pa.array([], pa.string()) for name in ("doc_id", "title", "text")})
    pq.write_table(empty, tmp_path / "empty.parquet")
    with pytest.raises(EmptySourceError):
        read_parquet(tmp_path / "empty.parquet")


def test_parquet_date_beyond_the_calendar_rejects_its_row_only(tmp_path):
    days = pa.array([0, 10**16, 10**15], pa.timestamp("us"))
    far = pa.array([0, 4 * 10**17, 0], pa.int64()).cast(pa.timestamp("us"))
    ids = pa.array(["a", "b", "c"])
    pq.write_table(
        pa.table({"doc_id": ids, "title": ids, "text": ids, "updated_at": far, "day": days}), tmp_path / "x.parquet"
    )
    rows = read_parquet(tmp_path / "x.parquet")
    assert [(type(row), row.line) for row in rows] == [(Document, 1), (RejectedRow, 2), (Document, 3)]
    assert (rows[1].rule, "year 9999" in rows[1].reason) == ("wrong_type", True)


def test_csv_bytes_that_are_not_utf8_reject_their_row_only(write):
    rows = read_csv(write(HEADER.encode() + b"a,T,x\nb,T,caf\xe9\nc,T,caf\xc3\xa9\n"))
    assert [row.line for row in rows if isinstance(row, RejectedRow) and row.rule == "encoding"] == [3]
    assert rows[2].text == "café"


def test_csv_words_for_null_become_empty_and_their_ids_are_rejected(write):
    rows = read_csv(write(HEADER + "a,NULL,nan\nnan,T,x\n"))
    assert (rows[0].title, rows[0].text) == ("", "")
    assert rows[1].rule == "missing_doc_id"
    assert read_csv(write(HEADER + "a,NULL,nan\n"), null_values=[])[0].text == "nan"


def test_csv_without_the_needed_columns_names_those_found(write):
    with pytest.raises(
        SourceError, match=r"in\.csv .*has no column 'doc_id', 'text', 'title'; found: doc_id;title;text"
    ):
        read_csv(write("doc_id;title;text\na;T;x\n"))
    assert read_csv(write("doc_id;title;text\na;T;x\n"), delimiter=";")[0].text == "x"


def test_csv_titles_may_miss_only_if_the_option_says_so(write):
    with pytest.raises(SourceError, match="'title'"):
        read_csv(write("doc_id,text\na,x\n"))
    assert read_csv(write("doc_id,text\na,x\n"), allow_missing_title=True)[0].title == ""


@pytest.mark.parametrize("content", ["", HEADER, "\n\n"])
def test_empty_csv_is_refused(write, content):
    with pytest.raises(SourceError, match=r"in\.csv is empty"):
        read_csv(write(content))


def test_csv_mostly_of_wrong_rows_is_refused(write):
    with pytest.raises(SourceError, match="not the CSV that was wanted"):
        read_csv(write(HEADER + "a,T,x\n" + "b,T\n" * 5))


def test_csv_text_longer_than_pythons_default_limit_is_read(write):
    assert len(read_csv(write(HEADER + f"a,T,{'x' * 500_000}\n"))[0].text) == 500_000


def test_utf16_csv_is_refused(write):
    with pytest.raises(SourceError, match=r"in\.csv is UTF-16 or binary"):
        read_csv(write((HEADER + "a,T,x\n").encode("utf-16")))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=6)
)
def test_any_text_survives_csv(tmp_path, texts):
    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerow(["doc_id", "title", "text"])
        writer.writerows([f"d{n}", "T", text] for n, text in enumerate(texts))
    assert [row.text for row in read_csv(path, null_values=[])] == texts


def test_parquet_values_become_fields_and_plain_metadata(tmp_path):
    table = pa.table(
        {
            "id": pa.array([1.0, 2.0, None]),
            "title": ["T", None, "V"],
            "body": ["x", None, "z"],
            "updated_at": [dt.datetime(2026, 6, 3), None, None],
            "score": [0.5, float("nan"), 1.0],
            "tags": [["p"], [], None],
            "origin": [{"site": "a"}, None, None],
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    first, second, third = read_parquet(tmp_path / "in.parquet", columns={"doc_id": "id", "text": "body"})
    assert (first.doc_id, first.text, first.updated_at, first.line) == ("1", "x", "2026-06-03T00:00:00", 1)
    assert first.metadata == {"score": 0.5, "tags": ["p"], "origin": {"site": "a"}}
    assert (second.title, second.text, second.metadata["score"]) == ("", "", None)
    assert (third.rule, third.line) == ("missing_doc_id", 3)


def test_parquet_string_that_is_not_utf8_rejects_its_row_only(tmp_path):
    text = pa.array([b"x", b"caf\xe9", b"z"]).view(pa.string())
    pq.write_table(pa.table({"doc_id": ["a", "b", "c"], "title": ["T"] * 3, "text": text}), tmp_path / "in.parquet")
    rows = read_parquet(tmp_path / "in.parquet")
    assert [getattr(row, "rule", "read") for row in rows] == ["read", "encoding", "read"]
    assert rows[1].line == 2


@pytest.mark.parametrize("spoil", ["text", "truncated", "empty", "page"])
def test_file_that_is_not_whole_parquet_is_refused(tmp_path, spoil):
    path = tmp_path / "in.parquet"
    table = pa.table(
        {"doc_id": [str(n) for n in range(2000)], "title": ["T"] * 2000, "text": [f"x{n}" for n in range(2000)]}
    )
    pq.write_table(table, path, compression="snappy", use_dictionary=False)
    whole = path.read_bytes()
    assert len(read_parquet(path)) == 2000
    path.write_bytes(
        {
            "text": b"doc_id,title,text\na,T,x\n",
            "truncated": whole[:-100],
            "empty": b"",
            "page": whole[:20] + b"\xff" * 200 + whole[220:],
        }[spoil]
    )
    with pytest.raises(SourceError, match=r"in\.parquet is not a Parquet file, or is damaged"):
        read_parquet(path)


def test_parquet_without_needed_column_or_rows_is_refused(tmp_path):
    pq.write_table(pa.table({"doc_id": ["a"], "title": ["T"]}), tmp_path / "in.parquet")
    with pytest.raises(SourceError, match="no column 'text'"):
        read_parquet(tmp_path / "in.parquet")
    empty = pa.table(
        {"doc_id": pa.array([], pa.string()), "title": pa.array([], pa.string()), "text": pa.array([], pa.string())}
    )
    pq.write_table(empty, tmp_path / "in.parquet")
    with pytest.raises(SourceError, match=r"in\.parquet is empty"):
        read_parquet(tmp_path / "in.parquet")


def test_parquet_text_of_another_type_is_refused(tmp_path):
    pq.write_table(pa.table({"doc_id": ["a"], "title": ["T"], "text": [5]}), tmp_path / "in.parquet")
    with pytest.raises(SourceError, match="'text' is int"):
        read_parquet(tmp_path / "in.parquet")


def test_several_files_are_read_in_order(tmp_path):
    for name in ("b", "a"):
        pq.write_table(pa.table({"doc_id": [name], "title": ["T"], "text": ["x"]}), tmp_path / f"{name}.parquet")
    assert [row.doc_id for row in read_parquet(tmp_path / "*.parquet")] == ["a", "b"]


def test_one_large_row_group_is_read_piece_by_piece(tmp_path):
    path = tmp_path / "in.parquet"
    texts = [f"{n} " * 2000 for n in range(5000)]
    table = pa.table({"doc_id": [str(n) for n in range(5000)], "title": ["T"] * 5000, "text": texts})
    pq.write_table(table, path, row_group_size=5000, compression="none", use_dictionary=False)
    del table, texts
    source, before = ParquetSource({"path": str(path)}), pa.total_allocated_bytes()
    tracemalloc.start()
    largest = max(pa.total_allocated_bytes() for _ in source.read())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert largest - before + peak < path.stat().st_size * 3 / 4


def test_option_of_csv_is_unknown_to_parquet():
    with pytest.raises(SettingsError, match=r"source\.options\.delimiter"):
        ParquetSource({"path": "x.parquet", "delimiter": ";"})
