"""JSON Lines: every line is accounted for, with its number."""

import json
import tracemalloc
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbgate.errors import SettingsError, SourceError
from kbgate.records import Document, RejectedRow
from kbgate.sources.jsonl import JsonlSource

GOOD = b'{"doc_id": "g%d", "title": "T", "text": "x"}\n'


def read(path, **options):
    return list(JsonlSource({"path": str(path), **options}).read())


@pytest.fixture
def write(tmp_path):
    def write(*lines: bytes, name: str = "in.jsonl", good: int = 3):
        """Write `lines` between good ones: one before, the others after."""
        content = [GOOD % 0, *(line + b"\n" for line in lines), *(GOOD % n for n in range(1, good))]
        (tmp_path / name).write_bytes(b"".join(content))
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'{"doc_id": "a", "text": ', "malformed"),
        (b'{"doc_id": "a", "text": ' + b"9" * 5000 + b"}", "malformed"),
        (b'{"a":' * 100_000, "malformed"),
        (b'["doc_id", "a"]', "wrong_type"),
        (b'"text"', "wrong_type"),
        (b'{"title": "T", "text": "x"}', "missing_doc_id"),
        (b'{"doc_id": "", "title": "T", "text": "x"}', "missing_doc_id"),
        (b'{"doc_id": "a", "title": "T", "text": {"de": "x"}}', "wrong_type"),
        (b'{"doc_id": "g0", "title": "T", "text": "again"}', "doubled_doc_id"),
        (b'{"doc_id": "a", "title": "T", "text": "caf\xe9"}', "encoding"),
        (b'{"doc_id": "a", "title": "T", "text": "\\ud83d"}', "encoding"),
    ],
)
def test_bad_line_is_rejected_with_rule_line_and_short_value_and_the_others_are_read(write, line, rule):
    path = write(line)
    rows = read(path)
    (rejected,) = [row for row in rows if isinstance(row, RejectedRow)]
    assert (rejected.rule, rejected.line, rejected.source_uri) == (rule, 2, str(path))
    assert 0 < len(rejected.value) <= 200
    assert [row.doc_id for row in rows if isinstance(row, Document)] == ["g0", "g1", "g2"]


def test_file_without_rows_is_named_beside_others(tmp_path):
    (tmp_path / "1.jsonl").write_bytes(GOOD % 1)
    (tmp_path / "2.jsonl").write_bytes(b" \n")
    good, empty = read(tmp_path / "*.jsonl")
    assert (good.doc_id, empty.rule, empty.source_uri) == ("g1", "empty_file", str(tmp_path / "2.jsonl"))
    assert empty.doc_id == "", "which of live's documents it should have held is unknown"


def test_blank_lines_and_byte_order_mark_and_windows_line_ends_are_tolerated(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\xef\xbb\xbf\r\n" + (GOOD % 1).replace(b"\n", b"\r\n") + b"\n  \n" + GOOD % 2)
    assert [(row.doc_id, row.line) for row in read(path)] == [("g1", 2), ("g2", 5)]


def test_line_that_leaves_out_a_field_has_it_empty(write):
    rows = read(write(b'{"doc_id": "a"}'))
    assert (rows[1].title, rows[1].text) == ("", "")


def test_field_that_no_line_has_is_an_error_that_names_the_fields_found(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"doc_id": "a", "title": "T", "body": "x"}\n')
    with pytest.raises(SourceError, match=r"in\.jsonl has no column 'text'; found: doc_id, title, body"):
        read(tmp_path / "in.jsonl")
    assert read(tmp_path / "in.jsonl", columns={"text": "body"})[0].text == "x"


def test_missing_titles_need_the_option(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"doc_id": 7, "text": "x", "extra": {"deep": [1, null]}}\n')
    with pytest.raises(SourceError, match="no column 'title'"):
        read(tmp_path / "in.jsonl")
    (row,) = read(tmp_path / "in.jsonl", allow_missing_title=True)
    assert (row.doc_id, row.title, row.metadata) == ("7", "", {"extra": {"deep": [1, None]}})


def test_file_whose_first_lines_are_all_no_json_is_refused_before_the_rest_is_read(tmp_path):
    (tmp_path / "in.jsonl").write_bytes(b"plain text\n" * 10 + GOOD * 1000)
    rows = JsonlSource({"path": str(tmp_path / "in.jsonl")}).read()
    assert [next(rows).rule for _ in range(9)] == ["malformed"] * 9
    with pytest.raises(SourceError, match=r"in\.jsonl is not JSON Lines: 10 of its first 10"):
        next(rows)


def test_indented_json_array_is_refused(tmp_path):
    documents = [{"doc_id": str(n), "title": "T", "text": "x"} for n in range(5)]
    (tmp_path / "in.jsonl").write_text(json.dumps(documents, indent=2))
    with pytest.raises(SourceError, match="one JSON object a line"):
        read(tmp_path / "in.jsonl")


@pytest.mark.parametrize(("bad", "refused"), [(3, True), (2, False)])
def test_more_than_half_unreadable_lines_is_refused_and_half_is_not(write, bad, refused):
    path = write(*[b"{broken"] * bad, good=2)
    if refused:
        with pytest.raises(SourceError, match="3 of its first 5 lines"):
            read(path)
    else:
        assert Counter(type(row) for row in read(path)) == {Document: 2, RejectedRow: 2}


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_empty_file_is_refused(tmp_path, content):
    (tmp_path / "in.jsonl").write_bytes(content)
    with pytest.raises(SourceError, match=r"in\.jsonl is empty"):
        read(tmp_path / "in.jsonl")


def test_files_of_a_glob_are_read_in_order_and_ids_are_unique_over_all(write, tmp_path):
    write(name="b.jsonl", good=1)
    write(name="a.jsonl", good=2)
    rows = read(tmp_path / "*.jsonl")
    assert [(row.doc_id, row.source_uri[-7:]) for row in rows] == [
        ("g0", "a.jsonl"),
        ("g1", "a.jsonl"),
        ("g0", "b.jsonl"),
    ]
    assert rows[2].rule == "doubled_doc_id"


def test_file_that_vanishes_between_listing_and_reading_is_named(write, tmp_path):
    write(name="a.jsonl", good=2)
    write(b'{"doc_id": "b", "title": "T", "text": "x"}', name="b.jsonl", good=1)
    rows = JsonlSource({"path": str(tmp_path / "*.jsonl")}).read()
    next(rows)
    (tmp_path / "b.jsonl").unlink()
    with pytest.raises(SourceError, match=r"b\.jsonl vanished"):
        list(rows)


@pytest.mark.parametrize(
    "options", [{}, {"path": "x", "columms": {}}, {"path": []}, {"path": "x", "columns": {"id": "x"}}]
)
def test_wrong_options_are_refused(options):
    with pytest.raises(SettingsError, match=r"source\.options"):
        JsonlSource(options)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(lines=st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line and b"\0" not in line), max_size=8))
def test_every_line_that_is_not_blank_is_accounted_for_once(tmp_path, lines):
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join([GOOD % n for n in range(10)] + [line + b"\n" for line in lines]))
    expected = list(range(1, 11)) + [11 + n for n, line in enumerate(lines) if line.strip()]
    assert [row.line for row in read(path)] == expected


def test_memory_does_not_grow_with_the_texts(tmp_path):
    path = tmp_path / "in.jsonl"
    with path.open("wb") as out:
        out.writelines(b'{"doc_id": "%d", "title": "T", "text": "%s"}\n' % (n, b"x" * 20_000) for n in range(2000))
    source = JsonlSource({"path": str(path)})
    tracemalloc.start()
    assert sum(1 for _ in source.read()) == 2000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size / 8


@pytest.mark.parametrize(("collection", "count"), [("covidqa_faq", 213), ("xquad_en", 240), ("drcd_dev", 1000)])
def test_real_collections_are_read_whole(shared_data, collection, count):
    rows = read(shared_data / collection / "corpus.jsonl")
    assert len(rows) == count
    assert all(isinstance(row, Document) and row.text for row in rows)


def test_real_html_and_dates_of_another_form_stay_in_the_metadata(shared_data):
    row = read(shared_data / "covidqa_faq" / "corpus.jsonl", columns={"updated_at": "last_update"})[0]
    assert row.metadata["html"].startswith("<p>A novel coronavirus")
    assert (row.updated_at, row.metadata["last_update"]) == (None, "2020/03/17")
