"""The gate-power bench: its rules on small cases, its small form as a whole, and that the committed result is not out of date."""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from gate_power_parts import inputs_hash as hashing
from gate_power_parts.collection import Collection, read_collection, tiny_collection
from gate_power_parts.fault_kinds import FAULT_KINDS, FaultKind
from gate_power_parts.natural_changes import clean_ingest
from gate_power_parts.power import measure_fault, misses_allowed, smallest_caught
from gate_power_parts.power_result import power_result
from gate_power_parts.readme_block import BEGIN, END, readme_block, write_readme_block
from gate_power_parts.spoilt_batch import spoilt_batch, units
from gate_power_parts.trial import TrialResult
from gate_power_parts.true_recall import true_recall

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "gate_power.py"
COMMITTED = SCRIPT.with_suffix(".json")
KINDS = {kind.name: kind for kind in FAULT_KINDS}


@pytest.fixture(scope="module")
def collection() -> Collection:
    return tiny_collection()


def trial(severity: float, caught: bool, collection: str = "a", **fields) -> TrialResult:
    outcome = "hold" if caught else "promoted"
    values = {"bad": False, "bad_intent": False, "aside": False, "found": (), "message": "", **fields}
    return TrialResult("empty text", collection, severity, outcome, caught, caught, **values)


def measured(caught, severities=(1.0, 0.08, 0.01), n=20, collections=("a", "b")):
    """Cells of a fault of which `caught(collection, severity, number)` says what becomes of a trial."""
    return list(
        measure_fault(
            severities, lambda severity: n, collections, lambda c, s, number: trial(s, caught(c, s, number), c)
        )
    )


def test_there_are_at_least_twenty_kinds_of_faults_and_the_incident_is_among_them():
    assert len(KINDS) == len(FAULT_KINDS) >= 20
    assert "incident batch" in KINDS


def test_twenty_trials_may_miss_one():
    assert [misses_allowed(n) for n in (1, 8, 12, 19, 20, 40)] == [0, 0, 0, 0, 1, 2]
    one_missed = measured(lambda c, s, number: (c, number) != ("a", 0), severities=(0.08,))
    two_missed = measured(lambda c, s, number: number > 0, severities=(0.08,))
    assert [cell.caught for cell in one_missed + two_missed] == [True, False]
    assert len(one_missed[0].trials) == 20


def test_a_lost_cell_ends_early_but_not_before_each_collection_was_tried_twice():
    (cell,) = measured(lambda c, s, number: False, severities=(0.08,))
    assert [found.collection for found in cell.trials] == ["a", "b", "a", "b"]
    (late,) = measured(lambda c, s, number: number < 6, severities=(0.08,))
    assert (len(late.trials), late.caught) == (14, False)


def test_below_a_severity_that_is_mostly_missed_none_is_tried():
    cells = measured(lambda c, s, number: s > 0.5)
    assert [cell.severity for cell in cells] == [1.0, 0.08]
    assert smallest_caught(cells) == 1.0


def test_a_severity_below_a_missed_one_is_not_called_caught():
    cells = measured(lambda c, s, number: s != 0.08 or number > 0)
    assert [cell.caught for cell in cells] == [True, False, True]
    assert smallest_caught(cells) == 1.0


def test_documents_that_are_set_aside_are_caught_too():
    (cell,) = measure_fault((0.01,), lambda s: 20, ("a",), lambda c, s, n: trial(s, False, aside=True))
    assert cell.caught


@pytest.mark.parametrize("kind", FAULT_KINDS, ids=lambda kind: kind.name)
def test_a_fault_hits_the_share_that_was_asked_for(kind: FaultKind, collection: Collection):
    possible = units(kind, collection)
    live = {document.doc_id: document for document in collection.documents}
    batch = spoilt_batch(kind, collection, possible, 0.25, Random(1))
    hit = [document for document in batch.documents if document.doc_id in batch.spoilt]
    if kind.replays:
        earlier = [document for document in batch.earlier if document != live[document.doc_id]]
        assert {document.doc_id for document in earlier} == batch.spoilt
        assert len(earlier) == 14
        assert batch.documents == collection.documents
    elif kind.name in ("key topic deleted", "incomplete export"):
        n_all = len(possible) if kind.of == "topic" else len(live)
        assert len(batch.documents) == len(live) - round(0.25 * n_all)
    elif kind.name != "incident batch":
        assert len(hit) == min(14, len(possible)) == len(batch.spoilt)
        assert all(document != live.get(document.doc_id) for document in hit)


@pytest.mark.parametrize("kind", [kind for kind in FAULT_KINDS if len(kind.severities) > 1], ids=lambda kind: kind.name)
def test_what_happens_to_a_document_does_not_change_with_the_trial(kind: FaultKind, collection: Collection):
    possible = units(kind, collection)
    assert possible == units(kind, collection)
    first, again, other = (spoilt_batch(kind, collection, possible, 0.25, Random(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_clean_ingests_add_edit_and_remove_but_take_nothing_that_a_key_intent_needs(collection: Collection):
    live = {document.doc_id: document for document in collection.documents}
    needed = {doc_id for doc_ids in collection.key_documents.values() for doc_id in doc_ids}
    added = edited = removed = 0
    for seed in range(40):
        snapshot = {document.doc_id: document for document in clean_ingest(collection, Random(seed))}
        assert needed <= snapshot.keys()
        added += len(snapshot.keys() - live.keys())
        removed += len(live.keys() - snapshot.keys())
        changed = [doc_id for doc_id in snapshot.keys() & live.keys() if snapshot[doc_id].text != live[doc_id].text]
        assert 1 <= len(changed) <= 0.16 * len(live)
        edited += len(changed)
    assert min(added, edited, removed) > 0


def test_a_collection_without_intents_gets_the_topics_with_most_questions_as_key_intents(tmp_path: Path):
    rows = [{"doc_id": f"d{n}", "title": f"Topic {n % 4}", "text": "A text."} for n in range(40)]
    n_queries = {0: 30, 1: 28, 2: 26, 3: 4}
    queries = [
        (f"q{topic}-{n}", f"d{topic + 4 * (n % 10)}") for topic, count in n_queries.items() for n in range(count)
    ]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps({"query_id": q, "text": q}) + "\n" for q, _ in queries))
    qrels = "".join(f"{query}\t{document}\t1\n" for query, document in queries)
    (tmp_path / "qrels.tsv").write_text("query_id\tdoc_id\trelevance\n" + qrels)
    found = read_collection(tmp_path)
    assert set(found.key_documents) == {"Topic 0", "Topic 1", "Topic 2"}
    assert len(found.documents) + len(found.additions) == 40
    assert all(document.metadata["category"] == "Topic 3" for document in found.additions)


def test_the_readme_block_is_short_and_is_replaced_between_its_markers(tmp_path: Path):
    faults = [(kind, measured(lambda c, s, number, r=rank: s > 0.02 * r)) for rank, kind in enumerate(FAULT_KINDS)]
    clean = [trial(0.0, number == 0) for number in range(100)]
    result = power_result(seed=1, inputs="0", collections=[], faults=faults, clean=clean, complete=True)
    assert (result["clean"]["false_blocks"], result["clean"]["low"], result["clean"]["high"]) == (1, 0.0018, 0.0545)
    block = readme_block(result)
    assert all(kind.name in block for kind in FAULT_KINDS)
    assert len(block.splitlines()) <= 30
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_readme_block(readme, result)
    write_readme_block(readme, result)
    assert readme.read_text() == f"before\n{block}\nafter\n"
    readme.write_text("no markers")
    with pytest.raises(ValueError, match="gate-power:begin"):
        write_readme_block(readme, result)


def test_a_clean_ingest_is_held_rightly_only_by_recall_that_is_truly_below_the_floor():
    below = {"bad_intent": True, "found": ("recall:recall_at_k[billing]",)}
    clean = [
        trial(0.0, True, **below),
        trial(0.0, True, **below | {"bad_intent": False}),
        trial(0.0, True, **below | {"found": ("recall:recall_at_k", "drift:low_similarity_share")}),
        trial(0.0, False),
    ]
    counted = power_result(seed=1, inputs="0", collections=[], faults=[], clean=clean, complete=True)["clean"]
    assert (counted["n"], counted["false_blocks"], counted["held_rightly"]) == (4, 2, 1)


def test_bad_promotions_are_counted_among_faults_and_clean_ingests():
    faults = [(KINDS["empty text"], measured(lambda c, s, n: False, severities=(0.08,), n=1, collections=("a",)))]
    clean = [trial(0.0, False, bad=True, bad_intent=True), trial(0.0, False)]
    bad = power_result(seed=1, inputs="0", collections=[], faults=faults, clean=clean, complete=True)["bad_promotions"]
    assert (bad["n_promoted"], bad["overall"], bad["key_intent"]) == (3, 1, 1)


def test_the_inputs_hash_sees_code_and_not_its_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file, data = tmp_path / "gate.py", tmp_path / "suite.json"
    monkeypatch.setattr(hashing, "ROOT", tmp_path)
    monkeypatch.setattr(hashing, "MEASURED", (tmp_path,))

    def digest(code: str, suite: str = "{}") -> str:
        file.write_text(code)
        data.write_text(suite)
        return hashing.inputs_hash()

    first = digest('def f(x):\n    """Say one thing."""\n    return x > 1\n')
    assert digest("def f(x):  # a comment\n    return x > 1\n") == first
    assert digest("def f(x):\n    return x > 2\n") != first
    assert digest("def f(x):\n    return x > 1\n", "{ }") != first


def test_the_small_form_catches_the_incident_and_lets_clean_ingests_pass(tmp_path: Path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KBGATE_")}
    environment["PYTHONPATH"] = str(ROOT / "include")
    json_file = tmp_path / "result.json"
    command = [sys.executable, str(SCRIPT), "--quick", "--processes", "1", "--json", str(json_file)]
    command += ["--cache", str(tmp_path / "cache")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(json_file.read_text())
    faults = {fault["name"]: fault for fault in result["faults"]}
    assert set(faults) == {"incident batch", "vectors shifted by one"}
    assert (faults["incident batch"]["smallest_caught"], faults["vectors shifted by one"]["smallest_caught"]) == (
        0.15,
        1,
    )
    assert "documents" in faults["incident batch"]["gates"]
    assert "reconcile" in faults["vectors shifted by one"]["gates"]
    assert "no text" in faults["incident batch"]["example"]
    assert (result["clean"]["n"], result["clean"]["false_blocks"], result["complete"]) == (2, 0, False)
    assert (result["bad_promotions"]["n_promoted"], result["bad_promotions"]["overall"]) == (2, 0)
    assert "incident batch" in done.stdout
    assert "False blocks: 0 of 2" in done.stdout


def test_the_committed_result_is_of_this_code_and_the_readme_shows_it():
    result = json.loads(COMMITTED.read_text())
    again = "Run: python benchmarks/gate_power.py --json benchmarks/gate_power.json, then --write-readme."
    assert result["complete"], again
    assert result["inputs_sha256"] == hashing.inputs_hash(), f"What the bench measures has changed. {again}"
    assert readme_block(result) in (ROOT / "README.md").read_text(), again


def test_recall_is_measured_against_all_that_was_judged_relevant():
    collection = Collection(
        name="two",
        documents=(),
        queries=(
            {"query_id": "q1", "text": "", "intent": "key", "key_intent": True},
            {"query_id": "q2", "text": "", "intent": "other"},
        ),
        judgements=(
            {"query_id": "q1", "doc_id": "a", "relevance": 1},
            {"query_id": "q1", "doc_id": "gone", "relevance": 2},
            {"query_id": "q2", "doc_id": "b", "relevance": 1},
        ),
    )
    vectors = np.array([[3.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    overall, worst = true_recall(collection, np.eye(2, dtype=np.float32), vectors, np.array(["a", "b"]), 1)
    assert (overall, worst) == (0.75, 0.5)
