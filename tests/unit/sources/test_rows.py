"""Rows become documents, or are rejected with the rule they broke."""

import datetime as dt
import json
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.errors import SettingsError, SourceError
from kbgate.parts import read_options
from kbgate.records import Document, RejectedRow
from kbgate.sources.rows import Columns, RowOptions, document_of, require_columns

NAN = float("nan")


def read(**row):
    return document_of({"doc_id": "a", "title": "T", "text": "x", **row}, Columns(), "in.jsonl", 7)


def test_named_columns_fill_the_fields_and_all_others_become_metadata():
    row = {"id": "a", "body": "x", "title": "T", "tags": ["p", {"q": 1}], "doc_id": "other"}
    found = document_of(row, Columns(doc_id="id", text="body"), "in.jsonl", 7)
    assert found == Document("a", "T", "x", "in.jsonl", metadata={"tags": ["p", {"q": 1}], "doc_id": "other"}, line=7)


@pytest.mark.parametrize("null", [None, NAN, Decimal("NaN")])
def test_null_text_and_title_become_empty_for_the_quality_gate_to_judge(null):
    found = read(text=null, title=null)
    assert (found.text, found.title) == ("", "")


@pytest.mark.parametrize(
    ("value", "doc_id"),
    [(7, "7"), (7.0, "7"), (1.5, "1.5"), (Decimal(12), "12"), (UUID(int=1), str(UUID(int=1))), (" a ", "a")],
)
def test_numbers_as_ids_become_strings(value, doc_id):
    assert read(doc_id=value).doc_id == doc_id


@pytest.mark.parametrize("value", [None, "", "  \n", NAN])
def test_row_without_id_is_rejected(value):
    found = read(doc_id=value)
    assert (found.rule, found.line, found.source_uri) == ("missing_doc_id", 7, "in.jsonl")


@pytest.mark.parametrize(
    "field", [{"doc_id": True}, {"doc_id": ["a"]}, {"text": 5}, {"text": ["x"]}, {"text": b"x"}, {"title": {"en": "T"}}]
)
def test_wrong_type_is_rejected_and_the_column_named(field):
    found = read(**field)
    assert found.rule == "wrong_type"
    assert repr(next(iter(field))) in found.reason


@pytest.mark.parametrize("field", ["doc_id", "title", "text", "lang", "note"])
def test_half_characters_are_rejected_wherever_they_stand(field):
    found = read(**{field: "broken \ud83d"})
    assert found.rule == "encoding"
    found.value.encode("utf-8")


def test_rejected_row_keeps_a_long_id_whole_and_has_none_that_is_not_unicode():
    assert read(doc_id="page/" * 100, text=7).doc_id == "page/" * 100
    found = read(doc_id="caf\udce9")
    assert (found.rule, found.doc_id) == ("encoding", "")


@pytest.mark.parametrize(
    ("value", "updated_at"),
    [
        ("2026-06-03", "2026-06-03"),
        ("2026-06-03T10:00:00+00:00", "2026-06-03T10:00:00+00:00"),
        (dt.date(2026, 6, 3), "2026-06-03"),
        (dt.datetime(2026, 6, 3, 10), "2026-06-03T10:00:00"),
    ],
)
def test_iso_dates_are_read(value, updated_at):
    found = read(updated_at=value)
    assert found.updated_at == updated_at
    assert found.metadata == {}


@pytest.mark.parametrize("value", ["2020/03/17", 1767225600])
def test_dates_of_another_form_stay_in_the_metadata(value):
    found = read(updated_at=value)
    assert found.updated_at is None
    assert found.metadata == {"updated_at": value}


def test_empty_date_and_language_leave_no_metadata():
    found = read(updated_at="", lang=None)
    assert (found.updated_at, found.lang, found.metadata) == (None, None, {})


def test_endless_metadata_is_rejected():
    loop: list = []
    loop.append(loop)
    assert read(note=loop).rule == "malformed"


@given(
    st.dictionaries(
        st.one_of(st.text(), st.integers(), st.dates()),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text(st.characters())
            | st.binary()
            | st.datetimes()
            | st.decimals(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
            max_leaves=5,
        ),
    )
)
def test_metadata_of_a_document_is_plain_json(metadata):
    found = read(note=metadata)
    if isinstance(found, RejectedRow):
        assert found.rule == "encoding"
        return
    written = json.dumps(found.metadata, allow_nan=False, ensure_ascii=False)
    written.encode("utf-8")
    assert json.loads(written) == found.metadata


def test_needed_columns_are_id_text_title_and_those_named():
    assert RowOptions().needed == ["doc_id", "text", "title"]
    options = RowOptions(columns=Columns(doc_id="id", updated_at="day"), allow_missing_title=True)
    assert options.needed == ["day", "id", "text"]


def test_missing_column_is_an_error_that_names_what_was_found():
    with pytest.raises(SourceError, match=r"in\.csv has no column 'text'; found: doc_id, title, body"):
        require_columns(["doc_id", "text"], ["doc_id", "title", "body"], "in.csv")


def test_doubled_column_is_an_error():
    with pytest.raises(SourceError, match="several columns named 'text'"):
        require_columns(["text"], ["text", "text"], "in.csv")


def test_unknown_column_mapping_is_refused_by_name():
    with pytest.raises(SettingsError, match=r"source\.options\.columns\.txt"):
        read_options(RowOptions, {"columns": {"txt": "body"}}, "source.options")
