"""`kbgate golden …` as a shell sees it: what is written, what is printed, which exit code."""

import json
import os
import pty
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kbgate.cli import main
from kbgate.evaluation.golden_set import GoldenSet, Judgement, load_golden_set
from kbgate.evaluation.provenance import Provenance
from small_kb import KB, SmallKb, doc_id, own_words

PASSED, FAILED, INCONCLUSIVE, USAGE = range(4)
DOC = doc_id(3)
NEW = "who do i ask about the front desk thing"


class Golden:
    """Calls `kbgate golden` in this process, on the golden set of a small knowledge base that is live."""

    def __init__(self, kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
        self.kb = kb
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["golden", *arguments])
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err

    def json(self, *arguments: str) -> tuple[int, Any]:
        code, out, err = self(*arguments, "--json")
        assert out, err
        return code, json.loads(out)

    def refused(self, *arguments: str) -> str:
        """The error of a call that must change nothing."""
        before = self.bytes
        code, out, err = self(*arguments)
        assert (code, out) == (USAGE, "")
        assert self.bytes == before
        return err

    @property
    def bytes(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.kb.folder / "golden").iterdir())}

    @property
    def set(self) -> GoldenSet:
        return load_golden_set(str(self.kb.folder / "golden"))

    @property
    def sentence(self) -> str:
        """The first sentence of the document that new questions are about."""
        return str(self.kb.documents[3]["text"]).split(". ")[0] + "."


@pytest.fixture
def golden(live_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> Golden:
    return Golden(live_kb, capsys)


def test_a_check_of_a_sound_golden_set_is_0_and_changes_nothing(golden: Golden) -> None:
    before = golden.bytes
    code, found = golden.json("check")
    assert (code, found["gates"][0]["name"], found["gates"][0]["verdict"]) == (PASSED, "golden_set", "passed")
    assert found["gates"][0]["versions"]["live"] == "v1.0.0"
    assert golden.bytes == before


def test_a_check_judges_stale_questions_and_lists_them(golden: Golden) -> None:
    batch = golden.kb.write_documents(golden.kb.folder / "fewer.jsonl", list(range(30)))
    code, found = golden.json("check", "--batch", str(batch))
    assert (code, found["gates"][0]["verdict"]) == (INCONCLUSIVE, "inconclusive")
    assert found["gates"][0]["measurements"][0]["value"] == 0.25
    code, out, _ = golden("check", "--batch", str(batch))
    assert code == INCONCLUSIVE
    assert f"Stale: q30-0 {' '.join(own_words(30)[:4])!r}: the document is gone ({doc_id(30)})" in out


def test_a_check_of_circular_judgements_is_1(golden: Golden) -> None:
    model = golden.kb.reader().embedder.fingerprint.model
    arguments = ("--query", NEW, "--doc", DOC, "--provenance", f"retriever:{model}")
    assert golden("add", *arguments)[0] == PASSED
    code, found = golden.json("check")
    assert (code, found["gates"][0]["verdict"]) == (FAILED, "failed")
    golden.kb.configure(golden={"mode": "warn"})
    assert golden.json("check")[0] == PASSED


def test_a_golden_set_grows_before_the_first_ingest(
    small_kb: SmallKb, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    small_kb.configure(recall={"golden_set": str(tmp_path / "new")})
    golden = Golden(small_kb, capsys)
    code, added = golden.json("add", "--query", NEW, "--doc", DOC, "--quote", golden.sentence)
    assert (code, added["warnings"]) == (PASSED, [])
    assert "the source has no document 'no/such'" in golden("add", "--query", "what else", "--doc", "no/such")[2]
    assert golden.json("anchor")[1]["n_written"] == 0
    code, found = golden.json("check")
    assert found["gates"][0]["versions"]["documents"] == "the source"
    assert "nothing is live yet, so the documents of the source were looked at" in golden("check")[1]
    assert "Run: kbgate ingest --kb small" in golden("review", "--failed", "x")[2]


def test_while_nothing_is_live_failed_queries_are_reviewed_on_what_was_built(
    small_kb: SmallKb, capsys: pytest.CaptureFixture[str], failed: str
) -> None:
    small_kb.configure(recall={"min_queries": 500})
    assert small_kb.run("first").outcome == "hold"
    golden = Golden(small_kb, capsys)
    code, found = golden.json("review", "--failed", failed)
    assert (code, len(found["queries"])) == (PASSED, 2)
    told = golden("add", "--query", NEW, "--doc", "no/such")[2]
    assert "v1.0.0 has no document 'no/such'" in told
    assert "kbgate ingest --kb small" in told


def test_a_question_is_added_with_its_evidence_and_can_be_checked(golden: Golden) -> None:
    arguments = (
        "--query",
        f"  {NEW}?\n",
        "--intent",
        "orders",
        "--key-intent",
        "--doc",
        DOC,
        "--quote",
        golden.sentence,
    )
    code, added = golden.json("add", *arguments, "--relevance", "2")
    assert code == PASSED
    query = golden.set.queries[-1]
    assert (query.query_id, query.text, query.intent, query.key_intent) == (
        added["query_id"],
        f"{NEW}?",
        "orders",
        True,
    )
    assert query.query_id.startswith("orders-")
    judgement = golden.set.judgements[-1]
    assert judgement == Judgement(query.query_id, DOC, 2, 0, len(golden.sentence), golden.sentence, None)
    assert query.provenance == Provenance("human")
    assert golden.json("check")[0] == PASSED


def test_the_id_is_of_the_question_and_not_of_the_moment(golden: Golden, tmp_path: Path) -> None:
    first = golden.json("add", "--query", NEW, "--doc", DOC)[1]["query_id"]
    golden.kb.configure(recall={"golden_set": str(tmp_path / "another")})
    assert golden.json("add", "--query", f"{NEW.upper()}!", "--doc", DOC)[1]["query_id"] == first


def test_several_documents_may_answer(golden: Golden) -> None:
    other = golden.kb.documents[5]["text"].split(". ")[1] + "."
    evidence = ("--doc", DOC, "--quote", golden.sentence, "--doc", doc_id(5), "--quote", other.replace(" ", "\n", 1))
    code, added = golden.json("add", "--query", NEW, *evidence)
    assert code == PASSED
    assert golden.set.qrels[added["query_id"]] == {DOC: 1, doc_id(5): 1}
    assert [judgement.quote for judgement in golden.set.judgements[-2:]] == [golden.sentence, other]


def test_a_first_question_makes_the_golden_set(golden: Golden, tmp_path: Path) -> None:
    golden.kb.configure(recall={"golden_set": str(tmp_path / "first")})
    assert golden("add", "--query", NEW, "--doc", DOC, "--quote", golden.sentence)[0] == PASSED
    assert len(load_golden_set(str(tmp_path / "first")).queries) == 1


def test_a_copied_or_nearly_doubled_question_is_added_with_a_warning(golden: Golden) -> None:
    code, copied = golden.json("add", "--query", golden.sentence, "--doc", DOC, "--quote", golden.sentence)
    assert (code, len(copied["warnings"])) == (PASSED, 1)
    assert "copied from the document" in copied["warnings"][0]
    code, near = golden.json("add", "--query", golden.sentence.replace("e", "a", 1), "--doc", DOC)
    assert f"It is nearly {copied['query_id']}" in near["warnings"][0]


def test_what_cannot_be_right_is_refused_and_nothing_is_written(golden: Golden) -> None:
    there = golden.set.queries[0]
    for arguments, told in (
        ((NEW, "--doc", "no/such"), "v1.0.0 has no document 'no/such'"),
        ((NEW, "--doc", DOC, "--quote", "Nothing of the kind."), f"is not in {DOC}. Quote the document word for word"),
        ((NEW, "--doc", DOC, "--quote", golden.sentence.replace("e", "a", 1)), f"It says: {golden.sentence!r}"),
        ((NEW, "--doc", DOC, "--quote", "the"), "stands more than once"),
        ((NEW, "--doc", DOC, "--quote", " "), "is not in"),
        ((NEW, "--doc", DOC, "--doc", DOC), "The same evidence was given twice"),
        ((NEW, "--doc", DOC, "--doc", doc_id(5), "--quote", golden.sentence), "2 --doc and 1 --quote"),
        ((f"{there.text.upper()}?", "--doc", DOC), f"is there already as {there.query_id}"),
        (("?!", "--doc", DOC), "a question in users' words is wanted"),
        ((NEW, "--doc", DOC, "--key-intent"), "--key-intent needs --intent"),
        ((NEW, "--doc", DOC, "--provenance", "me"), "'me' is no provenance"),
        ((NEW,), "--doc"),
    ):
        assert told in golden.refused("add", "--query", *arguments), arguments


def test_a_golden_set_of_the_package_is_read_only(golden: Golden) -> None:
    golden.kb.configure(recall={"golden_set": "package://kbgate/sample/helpdesk/golden"})
    assert "is part of an installed package and is not written to" in golden.refused(
        "add", "--query", NEW, "--doc", DOC
    )
    assert "is not written to" in golden.refused("anchor")


@pytest.mark.parametrize("command", [["check"], ["add", "--query", NEW, "--doc", DOC], ["anchor"]])
def test_without_a_golden_set_its_setting_is_named(golden: Golden, command: list[str]) -> None:
    lines = golden.kb.settings_file.read_text().splitlines()
    golden.kb.settings_file.write_text("\n".join(line for line in lines if not line.startswith("golden_set = ")))
    assert "kb.small.recall.golden_set is not set" in golden.refused(*command)


def test_old_spans_are_anchored_by_what_live_says(golden: Golden) -> None:
    end = len(golden.sentence)
    rows = f"query_id\tdoc_id\trelevance\tstart\tend\nq3-0\t{DOC}\t1\t0\t{end}\nq3-1\t{DOC}\t1\t9000\t9009\nq3-2\t{DOC}\t1\nq4-0\t{DOC}\t1\t1\t{end}\n"
    (golden.kb.folder / "golden" / "qrels.tsv").write_text(rows)
    code, done = golden.json("anchor")
    assert (code, done["n_written"]) == (PASSED, 1)
    assert done["not_anchored"] == [f"q3-1 / {DOC}", f"q4-0 / {DOC}"], "beyond the text, and from the middle of a word"
    assert [judgement.quote for judgement in golden.set.judgements] == [golden.sentence, None, None, None]
    assert golden.json("anchor")[1]["n_written"] == 0


FAILED_QUERIES = [
    {"query": " ".join(own_words(0)[:4]).upper()},
    {"query": " ".join(reversed(own_words(7))), "retrieved": ["x"], "answer": "no idea"},
    {"query": " ".join(own_words(9)[1:5]) + " please"},
    {"query": " ".join(own_words(9)[1:5]) + ", PLEASE!"},
]


@pytest.fixture
def failed(tmp_path: Path) -> str:
    path = tmp_path / "failed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n\n" for row in FAILED_QUERIES))
    return str(path)


def test_failed_queries_that_are_not_known_are_listed_most_frequent_first(golden: Golden, failed: str) -> None:
    code, found = golden.json("review", "--failed", failed)
    assert code == PASSED
    often, once = found["queries"]
    assert (often["query"], often["count"], once["count"]) == (FAILED_QUERIES[2]["query"], 2, 1)
    assert often["nearest"][0].startswith("q9-")
    assert often["intent"] == "orders"
    assert once["candidates"][0]["doc_id"] == doc_id(7)
    assert 1 < len(once["candidates"]) <= 3
    assert golden.json("review", "--failed", failed, "--limit", "1")[1]["queries"] == [often]


def test_every_printed_line_can_be_run_and_the_query_is_then_known(golden: Golden, failed: str) -> None:
    _, out, _ = golden("review", "--failed", failed)
    lines = [line for line in out.splitlines() if line.startswith("kbgate golden add ")]
    # A query has a line for each document that it might be answered by; the second query's best is about its own words.
    for line in (lines[0], next(line for line in lines if f"--doc {doc_id(7)} " in line)):
        assert main(shlex.split(line)[1:]) == PASSED
    assert [query.provenance for query in golden.set.queries[-2:]] == [Provenance("production")] * 2
    assert all(judgement.quote for judgement in golden.set.judgements[-2:])
    golden.capsys.readouterr()
    assert golden.json("review", "--failed", failed) == (PASSED, {"queries": []})
    assert "in the golden set already" in golden("review", "--failed", failed)[1]
    assert golden.json("check")[0] == PASSED


def test_a_review_without_a_golden_set_still_lists(golden: Golden, failed: str) -> None:
    lines = golden.kb.settings_file.read_text().splitlines()
    golden.kb.settings_file.write_text("\n".join(line for line in lines if not line.startswith("golden_set = ")))
    _, found = golden.json("review", "--failed", failed)
    assert [query["nearest"] for query in found["queries"]] == [None, None, None]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "line 1: not JSON"),
        (b'\n{"question": "x"}', 'line 2: an object with the text of a "query" is wanted'),
        (b'{"query": "?"}', "line 1"),
        (b"\xff", "could not be read"),
    ],
)
def test_a_file_that_is_not_as_wanted_is_named_with_its_line(
    golden: Golden, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "bad.jsonl").write_bytes(content)
    error = golden.refused("review", "--failed", str(tmp_path / "bad.jsonl"))
    assert "bad.jsonl" in error
    assert told in error


def test_a_missing_file_and_another_model_are_usage_errors(golden: Golden, failed: str) -> None:
    assert "/no/such.jsonl could not be read" in golden.refused("review", "--failed", "/no/such.jsonl")
    golden.kb.configure(embedder={"passage_prefix": "passage: "})
    assert "embedded by another model" in golden.refused("review", "--failed", failed)


def test_on_a_terminal_a_person_is_asked(golden: Golden, failed: str) -> None:
    """Choose the first document for the first query, skip the second; the quote and the intent are those proposed."""
    terminal, other_end = pty.openpty()
    command = [sys.executable, "-m", "kbgate", "golden", "review", "--kb", KB, "--failed", failed]
    process = subprocess.Popen(
        command, stdin=other_end, stdout=other_end, stderr=other_end, env={**os.environ, "TERM": "dumb"}
    )
    os.close(other_end)
    shown = b""
    answers = [(b"q(uit)", b"1\n"), (b"The words that answer it", b"\n"), (b"Intent", b"\n"), (b"q(uit)", b"s\n")]
    for question, answer in answers:
        until = time.monotonic() + 60
        while question not in shown and time.monotonic() < until:
            shown += os.read(terminal, 4096)
        assert question in shown, shown.decode()
        shown = b""
        os.write(terminal, answer)
    assert process.wait(60) == PASSED
    os.close(terminal)
    added = golden.set.queries[120:]
    assert [query.text for query in added] == [FAILED_QUERIES[2]["query"]]
    assert (added[0].intent, added[0].provenance) == ("orders", Provenance("production"))
