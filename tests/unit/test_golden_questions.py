"""Questions are read, checked against live and written by the functions behind `kbgate golden`."""

import json
import shlex
from pathlib import Path

import pytest

from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet, Judgement, load_golden_set
from kbgate.golden_questions import NewQuestion, add, add_line, anchor, read_failed
from small_kb import KB, SmallKb, doc_id

ASKED = "who do i ask about the front desk thing"


def sentence(kb: SmallKb, number: int) -> str:
    return str(kb.documents[number]["text"]).split(". ")[0] + "."


def golden_set(kb: SmallKb) -> GoldenSet:
    return load_golden_set(str(kb.folder / "golden"))


def test_a_quote_is_written_with_the_place_where_it_stands(live_kb: SmallKb) -> None:
    quote = sentence(live_kb, 3)
    added = add(live_kb.reader(), NewQuestion(ASKED, [doc_id(3)], [f"  {quote}\n"], intent="front desk"))
    (judged,) = added["judgements"]
    assert live_kb.documents[3]["text"][judged["start"] : judged["end"]] == quote
    assert added["query_id"].startswith("front-desk-")
    written = [j for j in golden_set(live_kb).judgements if j.query_id == added["query_id"]]
    assert written == [Judgement(added["query_id"], doc_id(3), 1, judged["start"], judged["end"], quote)]


def test_a_call_that_was_interrupted_between_the_two_files_can_be_repeated(live_kb: SmallKb) -> None:
    new = NewQuestion(ASKED, [doc_id(3)], [])
    qrels = live_kb.folder / "golden" / "qrels.tsv"
    before = qrels.read_bytes()
    query_id = add(live_kb.reader(), new)["query_id"]
    with pytest.raises(UsageError, match=f"there already as {query_id}"):
        add(live_kb.reader(), new)
    qrels.write_bytes(before)
    assert add(live_kb.reader(), new)["query_id"] == query_id
    golden = golden_set(live_kb)
    assert [query.query_id for query in golden.queries].count(query_id) == 1
    assert [judgement.query_id for judgement in golden.judgements].count(query_id) == 1


def test_only_spans_of_whole_words_of_live_are_anchored(live_kb: SmallKb) -> None:
    text, qrels = str(live_kb.documents[3]["text"]), live_kb.folder / "golden" / "qrels.tsv"
    end = len(sentence(live_kb, 3))
    spans = [f"q3-0\t{doc_id(3)}\t1\t0\t{end}", f"q3-1\t{doc_id(3)}\t1\t1\t{end}", f"q3-2\t{doc_id(3)}\t1\t9999\t10005"]
    qrels.write_text("\n".join(["query_id\tdoc_id\trelevance\tstart\tend", *spans]) + "\n")
    done = anchor(live_kb.reader())
    assert done["n_written"] == 1
    assert done["not_anchored"] == [f"q3-1 / {doc_id(3)}", f"q3-2 / {doc_id(3)}"]
    assert [j.quote for j in golden_set(live_kb).judgements] == [text[:end], None, None]
    assert anchor(live_kb.reader())["n_written"] == 0


def test_failed_queries_are_counted_by_what_they_ask_and_keep_their_first_line(tmp_path: Path) -> None:
    rows = [
        {"query": "Where is my order?", "answer": "none"},
        {"query": "reset password"},
        {"query": "  reset PASSWORD! "},
        {"query": "where is my order"},
        {"query": "Reset, password"},
    ]
    file = tmp_path / "failed.jsonl"
    file.write_text("\ufeff" + "\n\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    found = read_failed(str(file))
    assert list(found.values()) == [
        {"query": "reset password", "count": 3},
        {"query": "Where is my order?", "answer": "none", "count": 2},
    ]


def test_a_printed_command_is_one_line_and_keeps_every_character() -> None:
    quote = 'It\'s "safe"; `rm` $HOME & more'
    line = add_line(KB, "what\nis it?", "log in", "a b/doc", quote)
    assert "\n" not in line
    words = shlex.split(line)
    assert words[:5] == ["kbgate", "golden", "add", "--kb", KB]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert (options["--query"], options["--doc"], options["--quote"]) == ("what is it?", "a b/doc", quote)
    assert (options["--intent"], options["--provenance"]) == ("log in", "production")
