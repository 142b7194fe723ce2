import json
from collections.abc import Sequence

import pytest

from kbgate.errors import ArtifactError, UsageError
from kbgate.pipeline import STAGES
from kbgate.results import Verdict
from kbgate.run import Run
from kbgate.stages.check_golden_set import GOLDEN_FILE, check_golden_set
from kbgate.stages.check_recall import check_recall, evaluate_version
from small_kb import SmallKb, doc_id

BEFORE = STAGES[: STAGES.index("check_golden_set")]
HEADER = "query_id\tdoc_id\trelevance\tstart\tend\tquote\tprovenance\n"


def anchor(kb: SmallKb, numbers: Sequence[int] = range(40), provenance: str = "human") -> None:
    """Give the judgements of some documents their first sentence as evidence."""
    rows = []
    for number in range(40):
        text = kb.documents[number]["text"]
        end = text.index(".") + 1
        span = f"\t0\t{end}\t{text[:end]}\t{provenance}" if number in numbers else ""
        rows += [f"q{number}-{turn}\t{doc_id(number)}\t1{span}\n" for turn in range(3)]
    (kb.folder / "golden" / "qrels.tsv").write_text(HEADER + "".join(rows))


def rewrite(kb: SmallKb, number: int, text: str) -> None:
    kb.documents[number] = {**kb.documents[number], "text": text}


def built(kb: SmallKb, run_id: str = "second") -> Run:
    request = kb.request(run_id)
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_where_evidence_stands_now_is_handed_over(live_kb: SmallKb) -> None:
    anchor(live_kb)
    for number, text in ((3, "Something new comes first. {}"), (4, "{}")):
        rewrite(live_kb, number, text.format(live_kb.documents[number]["text"]))
    rewrite(live_kb, 4, live_kb.documents[4]["text"].replace(" the ", " a ", 1))
    run = built(live_kb)
    assert not check_golden_set(run).holds
    handed = run.folder.read_json(GOLDEN_FILE)
    states = {row["query_id"]: row for row in handed["judgements"]}
    text = live_kb.documents[3]["text"]
    assert states["q3-0"]["state"] == "moved"
    start, end = states["q3-0"]["now"]
    assert text[start:end] == text.split(". ")[1] + "."
    assert states["q4-0"]["state"] == "edited"
    assert states["q5-0"]["state"] == "unchanged"
    assert (handed["lost_evidence"], handed["stale"]) == ([], [])


def test_recall_leaves_out_what_was_found_stale(live_kb: SmallKb) -> None:
    anchor(live_kb)
    live_kb.configure(quality={"documents_mode": "warn", "chunks_mode": "warn"})
    rewrite(live_kb, 3, live_kb.documents[7]["text"])
    run = built(live_kb)
    result = check_golden_set(run)
    assert not result.holds, "the recall gate holds the share of stale questions to its limit"
    assert "3 of 120 questions (2.5 %) can no longer be measured and are left out of recall" in result.message
    check_recall(run)
    gate = run.folder.read_gates()["recall"]
    assert gate.details["golden_set"]["stale"] == ["q3-0", "q3-1", "q3-2"]
    assert {m.name: m for m in gate.measurements}["n_queries"].value == 117


def test_too_many_stale_questions_hold_the_promotion_once_and_without_contradiction(live_kb: SmallKb) -> None:
    anchor(live_kb)
    for number in (21, 22, 23, 24):
        rewrite(live_kb, number, " ".join(f"{word} again." for word in live_kb.documents[number]["text"].split()))
    live_kb.configure(drift={"mode": "warn"}, quality={"documents_mode": "warn", "chunks_mode": "warn"})
    finished = live_kb.run("second")
    gates = finished.run.folder.read_gates()
    assert (finished.outcome, live_kb.live) == ("hold", "v1.0.0")
    assert gates["golden_set"].verdict is Verdict.PASSED
    stale = {
        name: {m.name: m for m in gate.measurements}["stale_share"]
        for name, gate in gates.items()
        if name in ("golden_set", "recall")
    }
    assert stale["golden_set"].value == stale["recall"].value == 0.1
    assert (stale["golden_set"].threshold, stale["recall"].verdict) == (None, Verdict.INCONCLUSIVE)
    assert sum("no longer" in reason for reason in finished.report["reasons"]) == 1


def test_an_evaluation_resolves_the_evidence_of_the_version_that_it_measures(live_kb: SmallKb) -> None:
    anchor(live_kb)
    live_kb.configure(quality={"documents_mode": "warn", "chunks_mode": "warn"})
    rewrite(live_kb, 3, live_kb.documents[7]["text"])
    live_kb.run("second", promote=False)
    run = Run(live_kb.settings, live_kb.request("evaluate"))
    assert evaluate_version(run, "v1.0.1").details["golden_set"]["stale"] == ("q3-0", "q3-1", "q3-2")
    assert evaluate_version(run, "v1.0.0").details["golden_set"]["stale"] == ()


@pytest.mark.parametrize("name", ["hashing_for_tests_only", "fingerprint"])
def test_judgements_of_the_model_under_test_are_refused_and_recall_is_not_measured(live_kb: SmallKb, name: str) -> None:
    fingerprint = live_kb.reader().embedder.fingerprint
    anchor(live_kb, [5], f"retriever:{fingerprint.digest if name == 'fingerprint' else fingerprint.model}")
    live_kb.change(3)
    finished = live_kb.run("second")
    assert (finished.outcome, live_kb.live) == ("hold", "v1.0.0")
    assert finished.done["check_golden_set"].holds
    assert "check_recall" not in finished.done
    assert "3 of 120 judgements were made by" in finished.report["headline"]
    assert any(note.startswith("Not measured") and "recall" in note for note in finished.report["notes"])


def test_judgements_of_lives_former_model_are_refused_too(live_kb: SmallKb) -> None:
    former = live_kb.reader().embedder.fingerprint.digest
    anchor(live_kb, [5], f"retriever:{former}")
    live_kb.configure(embedder={"passage_prefix": "passage: "})
    run = built(live_kb)
    assert run.embedder.fingerprint.digest != former
    assert check_golden_set(run).holds


def test_another_retrievers_judgements_are_taken(live_kb: SmallKb) -> None:
    anchor(live_kb, [5], "retriever:bm25")
    live_kb.change(3)
    assert live_kb.run("second").outcome == "promoted"


def test_a_changed_golden_set_is_told_and_pinned(live_kb: SmallKb) -> None:
    before = live_kb.reader().registry.version("small", "v1.0.0").facts.golden_hash
    anchor(live_kb)
    live_kb.change(3)
    finished = live_kb.run("second")
    assert finished.outcome == "promoted"
    gate = finished.run.folder.read_gates()["golden_set"]
    now = gate.versions["golden_set"]
    assert gate.versions == {"candidate": "v1.0.1", "live": "v1.0.0", "golden_set": now}
    assert finished.run.folder.read_json("decision.json")["inputs"]["golden_set"] == now
    assert live_kb.reader().registry.version("small", "v1.0.1").facts.golden_hash == now != before
    (note,) = [note for note in finished.report["notes"] if "golden_set gate" in note]
    assert f"The golden set is not the one that v1.0.0 was judged on ({before[:12]} then, {now[:12]} now)" in note
    live_kb.change(4)
    third = live_kb.run("third")
    assert not [note for note in third.report["notes"] if "golden_set gate" in note]


def test_a_golden_set_that_changes_between_check_and_recall_stops_the_run(live_kb: SmallKb) -> None:
    run = built(live_kb)
    check_golden_set(run)
    anchor(live_kb)
    with pytest.raises(
        UsageError, match=r"was changed after this run checked it\. Clear the run from check_golden_set"
    ):
        check_recall(run)


def test_recall_is_not_measured_on_a_golden_set_that_was_not_checked(live_kb: SmallKb) -> None:
    live_kb.change(3)
    run = built(live_kb)
    with pytest.raises(ArtifactError, match=r"has no golden\.json"):
        check_recall(run)


def test_a_check_that_runs_again_withdraws_recall_and_nothing_beside_it(live_kb: SmallKb) -> None:
    live_kb.change(3)
    request = live_kb.request("second")
    live_kb.stages(request, *STAGES[: STAGES.index("promote")])
    live_kb.stages(request, "check_golden_set")
    left = set(Run(live_kb.settings, request).folder.read_gates())
    assert {"golden_set", "drift", "reconcile"} <= left
    assert "recall" not in left


def test_without_a_golden_set_the_gate_is_quiet(live_kb: SmallKb) -> None:
    live_kb.change(3)
    lines = live_kb.settings_file.read_text().splitlines()
    live_kb.settings_file.write_text("\n".join(line for line in lines if not line.startswith("golden_set = ")))
    run = built(live_kb)
    assert not check_golden_set(run).holds
    assert run.folder.read_gates()["golden_set"].versions["golden_set"] is None
    assert not run.folder.exists(GOLDEN_FILE)


def test_doubled_and_copied_questions_are_found_in_the_files(live_kb: SmallKb) -> None:
    anchor(live_kb)
    path = live_kb.folder / "golden" / "queries.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for number in range(4):
        rows[3 * number + 1]["text"] = f"{rows[3 * number]['text']} ?"
    for number in range(10, 18):
        rows[3 * number]["text"] = live_kb.documents[number]["text"].split(". ")[1]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    live_kb.change(3)
    result = check_golden_set(run := built(live_kb))
    gate = run.folder.read_gates()["golden_set"]
    assert (result.holds, gate.verdict) == (True, Verdict.INCONCLUSIVE)
    assert {m.name: m.value for m in gate.failed_measurements} == {
        "doubled_queries": pytest.approx(4 / 120),
        "leaked_queries": pytest.approx(8 / 120),
    }
    assert [row["query_id"] for row in gate.details["duplicates"]] == [f"q{number}-1" for number in range(4)]
