import json
from pathlib import Path

import pytest

from kbgate.errors import UsageError
from kbgate.evaluation.query_results import QueryResults
from kbgate.pipeline import STAGES
from kbgate.run import Run
from kbgate.stages.check_recall import QUERIES_FILE, check_recall, evaluate_version
from small_kb import SmallKb, doc_id

BEFORE = STAGES[: STAGES.index("check_recall")]


def built(kb: SmallKb) -> Run:
    """A run that built its candidate: one document changed."""
    kb.change(3)
    request = kb.request("second")
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_every_query_is_answered_and_live_is_asked_the_same(live_kb: SmallKb) -> None:
    run = built(live_kb)
    assert not check_recall(run).holds
    gate = run.folder.read_gates()["recall"]
    answers = QueryResults.from_table(run.folder.read_table(QUERIES_FILE))
    assert len(answers) == 120
    assert gate.versions == {"candidate": "v1.0.1", "live": "v1.0.0", "golden_set": answers.golden_hash}


def test_without_a_golden_set_the_run_is_held_and_not_passed(live_kb: SmallKb) -> None:
    run = built(live_kb)
    lines = live_kb.settings_file.read_text().splitlines()
    live_kb.settings_file.write_text("\n".join(line for line in lines if not line.startswith("golden_set = ")))
    # Only what this run is judged by changed, so it is begun again.
    live_kb.stages(run.request, *BEFORE)
    run = Run(live_kb.settings, run.request)
    result = check_recall(run)
    assert (result.holds, result.summary["verdict"]) == (True, "inconclusive")
    assert not run.folder.exists(QUERIES_FILE)


def test_a_finished_version_is_measured_without_a_gate_file(live_kb: SmallKb) -> None:
    run = Run(live_kb.settings, live_kb.request("evaluate"))
    result = evaluate_version(run, None)
    assert result.versions["candidate"] == "v1.0.0"
    assert run.folder.read_gates() == {}
    assert run.folder.exists(QUERIES_FILE)


@pytest.mark.parametrize("version", [None, "v1.0.0"])
def test_an_evaluation_does_not_deny_the_live_version(live_kb: SmallKb, version: str | None) -> None:
    result = evaluate_version(Run(live_kb.settings, live_kb.request("evaluate")), version)
    assert result.versions["live"] == "v1.0.0"
    assert "Against live +0.000 (0 better, 0 worse)." in result.message
    assert "no live version" not in result.message


def test_another_version_is_measured_beside_live(live_kb: SmallKb) -> None:
    live_kb.change(3)
    assert live_kb.run("second", promote=False).outcome == "built"
    result = evaluate_version(Run(live_kb.settings, live_kb.request("evaluate")), "v1.0.1")
    assert (result.versions["candidate"], result.versions["live"]) == ("v1.0.1", "v1.0.0")
    assert "Against live" in result.message


def test_vectors_of_another_model_are_not_searched(live_kb: SmallKb) -> None:
    live_kb.configure(embedder={"passage_prefix": "passage: "})
    with pytest.raises(UsageError, match=r"v1\.0\.0 was embedded by another model"):
        evaluate_version(Run(live_kb.settings, live_kb.request("evaluate")), "v1.0.0")


def test_nothing_live_cannot_be_measured(small_kb: SmallKb) -> None:
    with pytest.raises(UsageError, match="Nothing of small is live yet"):
        evaluate_version(Run(small_kb.settings, small_kb.request("evaluate")), None)


def test_each_intent_has_the_candidate_and_live_with_interval_and_every_query_its_answer(live_kb: SmallKb) -> None:
    run = built(live_kb)
    check_recall(run)
    details = run.folder.read_gates()["recall"].details
    for row in (*details["intents"], details["overall"]):
        assert row["ci_low"] <= row["recall"] <= row["ci_high"] + 1e-9
        assert row["live_ci_low"] <= row["live_recall"] <= row["live_ci_high"] + 1e-9
    assert sum(row["n"] for row in details["intents"]) == details["overall"]["n"] == 120
    for query in details["worst_queries"]:
        assert len(query["retrieved"]) == len(query["similarities"])
    table = run.folder.read_table(QUERIES_FILE)
    assert set(table.column_names) >= {
        "query_id", "text", "intent", "relevant_doc_ids", "doc_ids", "similarities", "recall", "reciprocal_rank",
    }  # fmt: skip


def test_a_token_budget_cuts_what_candidate_and_live_may_retrieve(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"k": 1, "budget": "tokens", "budget_tokens": 130})
    run = built(live_kb)
    check_recall(run)
    answers = QueryResults.from_table(run.folder.read_table(QUERIES_FILE))
    assert answers.budget_tokens == 130
    n_chunks = [len(row["doc_ids"]) for row in answers.rows()]
    # Chunks have at most 40 tokens here: three fit always, and four of some shorter ones.
    assert min(n_chunks) >= 3
    assert run.folder.read_gates()["recall"].message.startswith("Recall within 130 tokens is")
    assert "candidate_minus_live" in {m.name for m in run.folder.read_gates()["recall"].measurements}


def test_a_budget_beyond_the_whole_index_retrieves_all_of_it(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"k": 1, "budget": "tokens", "budget_tokens": 1_000_000})
    run = Run(live_kb.settings, live_kb.request("evaluate"))
    evaluate_version(run, None)
    answers = QueryResults.from_table(run.folder.read_table(QUERIES_FILE))
    assert {len(row["doc_ids"]) for row in answers.rows()} == {run.store.count("v1.0.0")}


def test_without_a_budget_the_k_best_are_asked_for_and_no_tokens_are_counted(live_kb: SmallKb) -> None:
    run = built(live_kb)
    check_recall(run)
    answers = QueryResults.from_table(run.folder.read_table(QUERIES_FILE))
    assert answers.budget_tokens is None
    assert {len(row["doc_ids"]) for row in answers.rows()} == {5}


def test_with_another_model_live_is_compared_on_the_questions_that_stayed(live_kb: SmallKb) -> None:
    queries = live_kb.folder / "golden" / "queries.jsonl"
    lines = [json.loads(line) for line in queries.read_text().splitlines()]
    lines[0]["text"] += " please"
    queries.write_text("".join(json.dumps(line) + "\n" for line in lines))
    live_kb.configure(embedder={"passage_prefix": "passage: "})
    run = built(live_kb)
    check_recall(run)
    measured = {m.name: m for m in run.folder.read_gates()["recall"].measurements}
    assert measured["candidate_minus_live"].n == measured["n_queries_asked_of_live"].value == 119


def test_a_live_version_of_another_model_without_answers_holds_the_run(live_kb: SmallKb) -> None:
    (Path(live_kb.reader().version_folder("v1.0.0").uri) / QUERIES_FILE).unlink()
    live_kb.configure(embedder={"passage_prefix": "passage: "})
    run = built(live_kb)
    result = check_recall(run)
    assert (result.holds, result.summary["verdict"]) == (True, "inconclusive")
    assert "Live (v1.0.0), embedded by another model, was asked 0 of the 120 queries" in result.message


def test_documents_that_live_does_not_have_are_left_out_of_the_comparison(live_kb: SmallKb) -> None:
    judged = live_kb.folder / "golden" / "qrels.tsv"
    judged.write_text(judged.read_text().replace(f"q0-0\t{doc_id(0)}\t", "q0-0\tnew\t"))
    live_kb.documents[40] = {**live_kb.documents[0], "doc_id": "new", "text": live_kb.documents[0]["text"] + " Anew."}
    run = built(live_kb)
    check_recall(run)
    measured = {m.name: m for m in run.folder.read_gates()["recall"].measurements}
    assert (measured["n_queries_new_to_live"].value, measured["candidate_minus_live"].n) == (1, 119)
    assert measured["unrelated_similarity"].value < 0.1
