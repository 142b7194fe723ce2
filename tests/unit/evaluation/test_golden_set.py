import json
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest

from kbgate.errors import GoldenSetError, InfrastructureError
from kbgate.evaluation.golden_set import Judgement, Query, load_golden_set
from kbgate.evaluation.provenance import Provenance
from kbgate.evaluation.span_resolution import one_line
from kbgate.records import sha256_of

QUERIES = [
    {"query_id": "q1", "text": "i got charged twice??", "intent": "billing", "key_intent": True},
    {"query_id": "q2", "text": "where is my parcel", "intent": "orders", "answers": ["in the van"]},
    {"query_id": "q3", "text": "什麼是退貨政策"},
]
QRELS = "query_id\tdoc_id\trelevance\nq1\tbilling/twice.md\t2\nq1\tbilling/refund.md\t1\nq2\torders/track.md\t1\nq2\tx.md\t0\n"
HEADER = "query_id\tdoc_id\trelevance\n"


def write(folder: Path, queries: list[dict] | str | bytes = QUERIES, qrels: str | bytes = QRELS) -> str:
    if isinstance(queries, list):
        queries = "".join(json.dumps(query, ensure_ascii=False) + "\n" for query in queries)
    for name, content in (("queries.jsonl", queries), ("qrels.tsv", qrels)):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(folder)


def test_queries_and_judgements_are_read_in_order_and_grades_are_kept(tmp_path):
    golden = load_golden_set(write(tmp_path))
    assert golden.queries[0] == Query("q1", "i got charged twice??", "billing", True)
    assert golden.queries[1] == Query("q2", "where is my parcel", "orders", False)
    assert golden.queries[2] == Query("q3", "什麼是退貨政策")
    assert golden.judgements[1] == Judgement("q1", "billing/refund.md", 1)
    assert golden.key_intents == {"billing"}


def test_qrels_hold_relevant_documents_best_first_and_leave_out_grade_0(tmp_path):
    qrels = HEADER + "q1\tweak.md\t1\nq1\tbest.md\t3\nq2\tx.md\t0\n"
    golden = load_golden_set(write(tmp_path, qrels=qrels))
    assert golden.qrels == {"q1": {"best.md": 3, "weak.md": 1}, "q2": {}, "q3": {}}
    assert list(golden.qrels["q1"]) == ["best.md", "weak.md"]


def test_spans_are_optional_column_by_column_and_row_by_row(tmp_path):
    qrels = "doc_id\tquery_id\trelevance\tstart\tend\tannotator\na.md\tq1\t2\t10\t25\tme\na.md\tq1\t2\t90\t99\nb.md\tq2\t1\n"
    golden = load_golden_set(write(tmp_path, qrels=qrels))
    assert golden.judgements[2] == Judgement("q2", "b.md", 1)
    assert golden.evidence == {"q1": (("a.md", 10, 25), ("a.md", 90, 99)), "q2": (), "q3": ()}


def test_quotes_and_provenance_are_optional(tmp_path):
    qrels = "query_id\tdoc_id\trelevance\tquote\tprovenance\nq1\ta.md\t1\t two  words \tretriever:e5\nq2\tb.md\t1\n"
    queries = [{**QUERIES[0], "provenance": "production"}, *QUERIES[1:]]
    golden = load_golden_set(write(tmp_path, queries, qrels))
    assert golden.judgements == (
        Judgement("q1", "a.md", 1, quote="two words", provenance=Provenance("retriever", "e5")),
        Judgement("q2", "b.md", 1),
    )
    assert golden.queries[0].provenance == Provenance("production")
    assert golden.queries[1].provenance is None


def test_a_golden_set_without_them_keeps_the_hash_it_always_had(tmp_path):
    golden = load_golden_set(write(tmp_path, [QUERIES[0]], HEADER + "q1\ta.md\t2\n"))
    query = {"query_id": "q1", "text": "i got charged twice??", "intent": "billing", "key_intent": True}
    judgement = {"query_id": "q1", "doc_id": "a.md", "relevance": 2, "start": None, "end": None}
    assert golden.content_hash == sha256_of([[query], [judgement]])
    quoted = HEADER.replace("\n", "\tquote\n") + "q1\ta.md\t2\twords\n"
    assert load_golden_set(write(tmp_path, [QUERIES[0]], quoted)).content_hash != golden.content_hash


def test_windows_line_ends_byte_order_mark_and_blank_lines_change_nothing(tmp_path):
    (tmp_path / "unix").mkdir()
    (tmp_path / "windows").mkdir()
    plain = load_golden_set(write(tmp_path / "unix"))
    queries = "\ufeff" + "\r\n\r\n".join(json.dumps(query) for query in QUERIES) + "\r\n"
    windows = load_golden_set(write(tmp_path / "windows", queries, "\ufeff" + QRELS.replace("\n", "\r\n")))
    assert windows.queries == plain.queries
    assert windows.content_hash == plain.content_hash


def test_content_hash_ignores_order_and_changes_with_a_grade_a_text_or_an_intent(tmp_path):
    first = load_golden_set(write(tmp_path)).content_hash
    assert load_golden_set(write(tmp_path, QUERIES[::-1])).content_hash == first
    assert load_golden_set(write(tmp_path, qrels=QRELS.replace("refund.md\t1", "refund.md\t2"))).content_hash != first
    assert load_golden_set(write(tmp_path, [*QUERIES[:2], {**QUERIES[2], "text": "?"}])).content_hash != first
    assert load_golden_set(write(tmp_path, [*QUERIES[:2], {**QUERIES[2], "intent": "returns"}])).content_hash != first


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path):
    queries = '{"query_id": "q1", "text": "one\u2028two"}\n'
    golden = load_golden_set(write(tmp_path, queries, HEADER + "q1\ta\t1\n"))
    assert golden.queries[0].text == "one\u2028two"


def test_any_fsspec_url_is_read():
    memory = fsspec.filesystem("memory")
    memory.pipe("/kb/golden/queries.jsonl", b'{"query_id": "q1", "text": "hi"}')
    memory.pipe("/kb/golden/qrels.tsv", b"query_id\tdoc_id\trelevance\nq1\ta\t1")
    assert load_golden_set("memory://kb/golden").qrels == {"q1": {"a": 1}}


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ('{"query_id": "q1", "text": "a"}\n{"query_id": "q2" "text"}\n', r"queries\.jsonl, line 2: not JSON"),
        ('["q1", "a"]\n', "line 1: a JSON object is wanted"),
        (
            '{"query_id": "q1", "text": "a"}\n\n{"query_id": "q1", "text": "b"}\n',
            "line 3: the query_id 'q1' is there a second",
        ),
        ('{"qid": "q1", "text": "a"}\n', "line 1: there is no 'query_id', only 'qid', 'text'"),
        ('{"query_id": "q1", "text": " \\t"}\n', "line 1: text is"),
        ('{"query_id": 7, "text": "a"}\n', "line 1: query_id is 7"),
        ('{"query_id": "q1", "text": "a", "key_intents": true}\n', "'key_intents' is not known. Is 'key_intent' meant"),
        ('{"query_id": "q1", "text": "a", "Intent": "x"}\n', "'Intent' is not known. Is 'intent' meant"),
        ('{"query_id": "q1", "text": "a", "intent": "x", "key_intent": "yes"}\n', "key_intent is 'yes'"),
        ('{"query_id": "q1", "text": "a", "key_intent": true}\n', "there is no intent"),
        ('{"query_id": "q1", "text": "a", "provenance": "people"}\n', "line 1: 'people' is no provenance"),
        ('{"query_id": "q1", "text": "a", "provenance": 1}\n', "line 1: provenance is 1"),
        ('{"query_id": "q1", "text": "\\ud800"}\n', "surrogate"),
        (
            b'{"query_id": "q1", "text": "a"}\n' + b'{"query_id": "q2", "text": "caf\xe9"}\n',
            "line 2: not UTF-8",
        ),
    ],
)
def test_a_malformed_query_is_an_error_with_file_and_line(tmp_path, queries, message):
    with pytest.raises(GoldenSetError, match=message):
        load_golden_set(write(tmp_path, queries, HEADER))


@pytest.mark.parametrize(
    ("qrels", "message"),
    [
        ("", r"qrels\.tsv, line 1: the header must name"),
        ("q1\t0\ta.md\t1\n", "line 1: the header must name"),
        ("query_id,doc_id,relevance\nq1,a,1\n", "separated by tabs"),
        ("query_id\tdoc_id\trelevance\tdoc_id\n", "once each"),
        ("query_id\tdoc_id\trelevence\n", "'relevence' is not known. Is 'relevance' meant"),
        (HEADER + "q1\ta\t1\nq9\ta\t1\n", "line 3: queries.jsonl has no query 'q9'"),
        (HEADER + "q1\ta\t-1\n", "line 2: relevance is '-1'"),
        (HEADER + "q1\ta\t0.5\n", "line 2: relevance is '0.5'"),
        (HEADER + "q1\ta\t²\n", "line 2: relevance is '²'"),
        (HEADER + "q1\ta\n", "line 2: relevance is empty"),
        (HEADER + "q1\t\t1\n", "line 2: doc_id is empty"),
        (HEADER + "q1\ta\t1\t5\n", "4 cells where the header has 3"),
        (HEADER + "q1\ta\t1\n\nq1\ta\t1\n", "line 4: query 'q1' and document 'a' were judged before"),
        (HEADER + "q1\ta\t1\nq1\ta\t2\n", "line 3: query 'q1' and document 'a' were judged before"),
        ("query_id\tdoc_id\trelevance\tstart\tend\nq1\ta\t1\t5\t\n", "line 2: the span 5 to None"),
        ("query_id\tdoc_id\trelevance\tstart\tend\nq1\ta\t1\t9\t9\n", "line 2: the span 9 to 9"),
        ("query_id\tdoc_id\trelevance\tstart\tend\nq1\ta\t1\tx\t9\n", "line 2: start is 'x'"),
    ],
)
def test_a_malformed_judgement_is_an_error_with_file_and_line(tmp_path, qrels, message):
    with pytest.raises(GoldenSetError, match=message):
        load_golden_set(write(tmp_path, qrels=qrels))


@pytest.mark.parametrize("name", ["queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(tmp_path, name):
    location = write(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(GoldenSetError, match=f"has no {name}"):
        load_golden_set(location)


def test_a_file_in_place_of_the_folder_is_a_missing_golden_set(tmp_path):
    (tmp_path / "golden").write_text("not a folder")
    with pytest.raises(GoldenSetError, match=r"has no queries\.jsonl"):
        load_golden_set(str(tmp_path / "golden"))


def test_a_server_that_cannot_be_asked_is_an_infrastructure_error():
    with pytest.raises(InfrastructureError, match="could not be read"):
        load_golden_set("no-such-scheme://bucket/golden")


def test_health_tells_unjudged_stale_and_partly_stale_queries_apart(tmp_path):
    golden = load_golden_set(write(tmp_path))
    whole = golden.health(["billing/twice.md", "billing/refund.md", "orders/track.md"])
    assert (whole.unjudged, whole.stale, whole.partly_stale, whole.vanished_documents) == (("q3",), (), (), ())
    spoilt = golden.health(["billing/refund.md", "x.md"])
    assert spoilt.stale == ("q2",)
    assert spoilt.partly_stale == ("q1",)
    assert spoilt.vanished_documents == ("billing/twice.md", "orders/track.md")
    assert spoilt.queries_per_intent == {"": 1, "billing": 1, "orders": 1}


def test_a_document_that_lost_its_evidence_counts_as_gone(tmp_path):
    golden = replace(
        load_golden_set(write(tmp_path)),
        lost_evidence=frozenset({("q1", "billing/twice.md"), ("q2", "orders/track.md")}),
    )
    found = golden.health(["billing/twice.md", "billing/refund.md", "orders/track.md"])
    assert (found.stale, found.partly_stale) == (("q2",), ("q1",))
    assert found.vanished_documents == ("billing/twice.md", "orders/track.md")


def test_an_empty_golden_set_is_readable_so_that_the_gate_can_say_so(tmp_path):
    golden = load_golden_set(write(tmp_path, "", HEADER))
    assert golden.queries == ()
    assert golden.health([]).n_queries == 0


@pytest.mark.parametrize(("name", "n_queries"), [("xquad_en", 1190), ("covidqa_faq", 240)])
def test_real_golden_sets_are_read(shared_data, name, n_queries):
    golden = load_golden_set(str(shared_data / name))
    assert len(golden.queries) == n_queries
    assert not golden.health({j.doc_id for j in golden.judgements}).unjudged


def test_the_sample_golden_set_is_large_enough_and_its_evidence_is_in_the_documents():
    from kbgate.sources.markdown import MarkdownSource

    golden = load_golden_set("package://kbgate/sample/helpdesk/golden")
    documents = {d.doc_id: d.text for d in MarkdownSource({"path": "package://kbgate/sample/helpdesk/base"}).read()}
    health = golden.health(documents)
    assert len(golden.queries) >= 250
    assert len(golden.key_intents) == 4
    assert len(health.queries_per_intent) >= 8
    assert min(health.queries_per_intent[intent] for intent in golden.key_intents) >= 30
    assert (health.unjudged, health.stale, health.partly_stale) == ((), (), ())
    for query_id, spans in golden.evidence.items():
        assert {doc for doc, _, _ in spans} == set(golden.qrels[query_id])
        for doc, start, end in spans:
            quote = documents[doc][start:end]
            assert len(quote) == end - start
            # An offset that slipped would cut a word.
            assert quote == quote.strip()
            assert not (documents[doc][:start][-1:].isalnum() and quote[0].isalnum()), (query_id, quote)
            assert not (documents[doc][end : end + 1].isalnum() and quote[-1].isalnum()), (query_id, quote)
    assert all(j.quote == one_line(documents[j.doc_id][j.start : j.end]) for j in golden.judgements)
