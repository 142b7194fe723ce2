from pathlib import Path

import fsspec
import pytest

from kbgate.errors import GoldenSetError, UsageError
from kbgate.evaluation.golden_set import Judgement, Query, load_golden_set
from kbgate.evaluation.golden_writer import add_question, open_for_writing, write_quotes
from kbgate.evaluation.provenance import Provenance

NEW = Query("billing-1", "charged\u2028twice", "billing", True, Provenance("production"))
EVIDENCE = Judgement("billing-1", "a.md", 2, 3, 12, "two words", Provenance("human"))


def write(folder: Path, queries: bytes, qrels: bytes) -> str:
    (folder / "queries.jsonl").write_bytes(queries)
    (folder / "qrels.tsv").write_bytes(qrels)
    return str(folder)


def test_a_question_is_read_again_as_it_was_added(tmp_path: Path) -> None:
    location = str(tmp_path / "new" / "golden")
    add_question(open_for_writing(location), NEW, [EVIDENCE])
    plain = Query("q-2", "?ß退")
    add_question(open_for_writing(location), plain, [Judgement("q-2", "b.md", 1), Judgement("q-2", "c.md", 1)])
    golden = load_golden_set(location)
    assert golden.queries == (NEW, plain)
    assert golden.judgements == (EVIDENCE, Judgement("q-2", "b.md", 1), Judgement("q-2", "c.md", 1))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"\n"])
def test_what_was_there_stays_as_it_was(tmp_path: Path, end: bytes, last: bytes) -> None:
    last = last and end
    queries = b'\xef\xbb\xbf{"text": "a",  "query_id": "q1", "mine": 1}' + last
    qrels = end.join([b"\xef\xbb\xbfdoc_id\tquery_id\trelevance\tannotator", b"x.md\tq1\t1\tada"]) + last
    location = write(tmp_path, queries, qrels)
    add_question(open_for_writing(location), NEW, [EVIDENCE])
    queries_after, qrels_after = ((tmp_path / name).read_bytes() for name in ("queries.jsonl", "qrels.tsv"))
    assert queries_after.startswith(queries.rstrip(b"\r\n") + end if last else queries)
    header, first, new, rest = qrels_after.split(end)
    assert header == b"\xef\xbb\xbfdoc_id\tquery_id\trelevance\tannotator\tstart\tend\tquote\tprovenance"
    assert (first, rest) == (b"x.md\tq1\t1\tada", b"")
    assert new == b"a.md\tbilling-1\t2\t\t3\t12\ttwo words\thuman"
    assert load_golden_set(location).judgements[1] == EVIDENCE
    assert {path.name for path in tmp_path.iterdir()} == {"queries.jsonl", "qrels.tsv"}


def test_a_question_that_was_left_without_its_judgements_gets_them(tmp_path: Path) -> None:
    location = str(tmp_path / "golden")
    add_question(open_for_writing(location), NEW, [EVIDENCE])
    (tmp_path / "golden" / "qrels.tsv").write_text("query_id\tdoc_id\trelevance\n")
    add_question(open_for_writing(location), NEW, [EVIDENCE])
    golden = load_golden_set(location)
    assert (golden.queries, golden.judgements) == ((NEW,), (EVIDENCE,))


def test_any_fsspec_url_is_written() -> None:
    fsspec.filesystem("memory").pipe("/writer/golden/queries.jsonl", b'{"query_id": "q1", "text": "hi"}')
    fsspec.filesystem("memory").pipe("/writer/golden/qrels.tsv", b"query_id\tdoc_id\trelevance\n")
    add_question(open_for_writing("memory://writer/golden"), NEW, [EVIDENCE])
    assert load_golden_set("memory://writer/golden").judgements == (EVIDENCE,)


def test_quotes_are_written_into_their_rows_and_no_others(tmp_path: Path) -> None:
    rows = "q1\ta.md\t1\t0\t5\tada\nq1\ta.md\t1\t010\t20\tada\nq1\tb.md\t1\nq1\tc.md\t1\t1\t2\tada\n"
    location = write(
        tmp_path, b'{"query_id": "q1", "text": "hi"}', f"query_id\tdoc_id\trelevance\tstart\tend\tby\n{rows}".encode()
    )
    golden = open_for_writing(location)
    write_quotes(golden, {golden.judgements[1]: "some\n words"})
    assert (tmp_path / "qrels.tsv").read_text().splitlines() == [
        "query_id\tdoc_id\trelevance\tstart\tend\tby\tquote",
        "q1\ta.md\t1\t0\t5\tada",
        "q1\ta.md\t1\t010\t20\tada\tsome words",
        "q1\tb.md\t1",
        "q1\tc.md\t1\t1\t2\tada",
    ]
    again = load_golden_set(location)
    write_quotes(again, {again.judgements[1]: "other words"})
    assert load_golden_set(location).judgements[1].quote == "some words", "a quote that is there is kept"


def test_a_golden_set_inside_a_package_is_not_written_to() -> None:
    with pytest.raises(UsageError, match=r"is not written to. Copy its folder .*recall\.golden_set"):
        open_for_writing("package://kbgate/sample/helpdesk/golden")


def test_half_a_golden_set_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "qrels.tsv").write_text("query_id\tdoc_id\trelevance\n")
    with pytest.raises(GoldenSetError, match=r"has no queries\.jsonl"):
        open_for_writing(str(tmp_path))


def test_an_id_that_no_row_can_hold_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    golden = open_for_writing(str(tmp_path / "golden"))
    with pytest.raises(GoldenSetError, match="white space that no row"):
        add_question(golden, NEW, [Judgement("billing-1", "a\tb.md", 1)])
    assert not (tmp_path / "golden").exists()
