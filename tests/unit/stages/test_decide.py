import hashlib
from pathlib import Path

from kbgate.run import Run, RunRequest
from kbgate.stages.decide import NO_CANDIDATE, decide
from small_kb import KB, UNTIL_DECISION, SmallKb


def test_the_record_names_every_gates_file_by_its_hash_and_the_registry_knows_it(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, folder = decided
    run = Run(kb.settings, request)
    result = decide(run)
    record = run.folder.read_json("decision.json")
    hashes = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "gates").iterdir()}
    assert {name: gate["sha256"] for name, gate in record["gates"].items()} == hashes
    version = run.registry.version(KB, "v1.0.1")
    assert (version.state, version.decision_hash) == ("candidate", result.summary["decision_hash"])
    assert (version.facts.n_documents, version.facts.n_changed) == (40, 1)


def test_a_missing_gate_holds_and_marks_the_version_blocked(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    (folder / "gates" / "drift.json").unlink()
    run = Run(kb.settings, request)
    result = decide(run)
    assert result.holds
    assert "drift" in result.message
    assert run.registry.version(KB, "v1.0.1").state == "blocked"


def test_a_run_that_did_not_begin_is_held_without_a_record(live_kb: SmallKb) -> None:
    run = Run(live_kb.settings, live_kb.request("second"))
    assert decide(run).holds
    assert not run.folder.exists("decision.json")


def test_nothing_to_decide_is_skipped_and_a_bad_batch_is_not(live_kb: SmallKb) -> None:
    until = UNTIL_DECISION[: UNTIL_DECISION.index("chunk_documents")]
    same = live_kb.request("second")
    live_kb.stages(same, *until)
    assert decide(Run(live_kb.settings, same)).skipped
    Run(live_kb.settings, same).registry.release_lease(KB, same.run_key)
    for number in (3, 4):
        live_kb.documents[number] = {**live_kb.documents[number], "text": ""}
    bad = live_kb.request("third")
    live_kb.stages(bad, *until)
    result = decide(Run(live_kb.settings, bad))
    assert (result.holds, result.summary["version"]) == (True, NO_CANDIDATE)
