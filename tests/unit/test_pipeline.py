"""Whole runs without Airflow: what becomes live, what does not, and what a failed run leaves behind."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kbgate import pipeline
from kbgate.corpus import BATCH_FILE, DOCUMENTS_FILE
from kbgate.errors import ArtifactError, ConflictError, InfrastructureError, UsageError
from kbgate.pipeline import GATES, STAGES, run_stage, stage_records
from kbgate.results import StageResult, Verdict
from kbgate.run import Run, RunRequest, override_settings
from small_kb import KB, FinishedRun, SmallKb, doc_id, own_words

UNTIL_DECISION = STAGES[: STAGES.index("promote")]


def stages(kb: SmallKb, request: RunRequest, *names: str) -> list[StageResult]:
    """Run single stages, each as a process of its own would: from the files alone."""
    kb.write_documents()
    return [
        run_stage(name, kb.settings, KB, request.run_key, request if name in ("open_run", "roll_back") else None)
        for name in names
    ]


def found(kb: SmallKb, version: str, number: int) -> list[str]:
    """Documents that the version finds for a document's own words, best first."""
    run = kb.reader()
    vectors, _ = run.cached_embedder.embed_queries([" ".join(own_words(number))])
    return list(dict.fromkeys(run.store.search(version, vectors, 5).doc_ids[0].tolist()))


def chunked(finished: FinishedRun) -> int:
    """Number of documents that a run cut into chunks."""
    return int(finished.done["chunk_documents"].summary["n_documents"])


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Edit a JSON file by hand."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_every_stage_is_a_function_of_its_own_module() -> None:
    folder = Path(pipeline.__file__).with_name("stages")
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert modules == {*STAGES, "roll_back"}
    assert set(GATES) < set(STAGES)


def test_a_first_ingest_is_promoted_as_v1_0_0(small_kb: SmallKb) -> None:
    first = small_kb.run("first")
    assert (first.outcome, small_kb.live) == ("promoted", "v1.0.0")
    assert list(first.done) == list(STAGES)
    assert first.report["headline"].startswith("Promoted v1.0.0, the first live version: ")
    assert {gate["name"] for gate in first.report["gates"]} == set(GATES.values())
    assert first.done["promote"].live_event["recall"] == small_kb.reader().registry.version(KB, "v1.0.0").facts.recall
    assert small_kb.reader().registry.lease(KB) is None


def test_a_first_ingest_may_be_held_for_want_of_a_reference(small_kb: SmallKb) -> None:
    small_kb.configure(release={"first_ingest": "hold"})
    first = small_kb.run("first")
    assert (first.outcome, small_kb.live) == ("hold", None)
    assert first.report["headline"].endswith("Nothing is live yet.")


def test_nothing_changed_builds_nothing(live_kb: SmallKb) -> None:
    again = live_kb.run("again")
    assert again.outcome == "unchanged"
    assert "build_candidate" not in again.done
    assert [version.version for version in live_kb.reader().registry.versions(KB)] == ["v1.0.0"]
    assert again.report["headline"] == (
        "Nothing changed: 0 added, 0 changed, 0 removed, 40 unchanged, 0 kept. Live stays v1.0.0."
    )


@pytest.mark.parametrize("kind", ["numpy", "lancedb"])
def test_a_delta_cuts_and_embeds_only_what_changed(small_kb: SmallKb, kind: str) -> None:
    small_kb.configure(store={"kind": kind})
    first = small_kb.run("first")
    small_kb.change(3)
    small_kb.change(17)
    second = small_kb.run("second")
    assert (second.outcome, small_kb.live) == ("promoted", "v1.0.1")
    assert (chunked(first), chunked(second)) == (40, 2)
    assert second.report["changes"] == {"added": 0, "changed": 2, "removed": 0, "unchanged": 38, "kept": 0}
    embedding = second.report["embedding"]
    assert embedding["n_reused"] > 100
    assert 0 < embedding["n_embedded"] <= 8
    hours = small_kb.reader().cached_embedder.embed_queries(["Ask the front desk about opening hours"])[0]
    assert set(small_kb.reader().store.search("v1.0.1", hours, 2).doc_ids[0]) == {doc_id(3), doc_id(17)}
    # The version before is what it was.
    assert small_kb.reader().store.count("v1.0.0") == first.done["build_candidate"].summary["n_chunks"]


def test_a_removed_document_is_not_found_any_more(live_kb: SmallKb) -> None:
    assert found(live_kb, "v1.0.0", 39)[0] == doc_id(39)
    del live_kb.documents[39]
    second = live_kb.run("second")
    assert (second.outcome, second.report["changes"]["removed"]) == ("promoted", 1)
    assert doc_id(39) not in found(live_kb, "v1.0.1", 39)
    assert next(live_kb.reader().store.read("v1.0.1", ["doc_id"], [doc_id(39)])).num_rows == 0
    assert found(live_kb, "v1.0.0", 39)[0] == doc_id(39)


def test_a_file_of_deletions_removes_documents_in_a_delta(live_kb: SmallKb, tmp_path: Path) -> None:
    (tmp_path / "gone.txt").write_text(f"{doc_id(39)}\n")
    live_kb.change(3)
    batch = live_kb.write_documents(tmp_path / "delta.jsonl", [3])
    params = {"batch": str(batch), "mode": "delta", "deletions": str(tmp_path / "gone.txt")}
    overrides = override_settings(live_kb.settings.knowledge_base(KB), params)
    second = live_kb.run("second", overrides=overrides)
    assert second.report["changes"] == {"added": 0, "changed": 1, "removed": 1, "unchanged": 38, "kept": 0}
    assert live_kb.live == "v1.0.1"


def test_other_chunk_settings_rebuild_everything_as_v1_1_0(live_kb: SmallKb) -> None:
    live_kb.configure(chunker={"size_tokens": 46, "overlap_tokens": 10})
    second = live_kb.run("second")
    assert (second.outcome, live_kb.live) == ("promoted", "v1.1.0")
    assert chunked(second) == 40
    assert second.report["embedding"]["n_reused"] == 0
    # Texts of unchanged documents still lie in the first run's folder.
    assert set(live_kb.reader().ledger("v1.1.0")["run_key"]) == {live_kb.request("first").run_key}
    assert live_kb.run("third").outcome == "unchanged"


def test_a_blocked_batch_names_the_reasons_of_both_quality_gates_and_changes_nothing(live_kb: SmallKb) -> None:
    before = live_kb.reader().registry.release(KB)
    for number in range(8):
        live_kb.documents[number] = {**live_kb.documents[number], "text": ""}
    live_kb.configure(chunker={"size_tokens": 20, "overlap_tokens": 4})
    blocked = live_kb.run("bad")
    assert (blocked.outcome, live_kb.live) == ("hold", "v1.0.0")
    assert live_kb.reader().registry.release(KB) == before
    assert not {"embed_chunks", "build_candidate", "promote"} & set(blocked.done)
    reasons = "\n".join(blocked.report["reasons"])
    for wanted in ("The documents gate: ", "have no text (8 of 40)", "The chunks gate: ", "mean length of the chunks"):
        assert wanted in reasons
    failed = {m["name"] for gate in blocked.report["gates"] for m in gate["measurements"] if m["verdict"] == "failed"}
    assert failed >= {"empty_text", "chunk_token_mean_shift"}
    assert blocked.report["headline"].startswith("Blocked: ")
    assert blocked.report["headline"].endswith("Live stays v1.0.0.")
    assert "quarantine.parquet" in blocked.report["next"]
    assert live_kb.reader().registry.lease(KB) is None


def test_a_bad_batch_that_changes_nothing_is_still_a_hold(live_kb: SmallKb) -> None:
    for number in range(8):
        live_kb.documents[number] = {**live_kb.documents[number], "text": ""}
    assert live_kb.run("bad").outcome == "hold"


def test_low_recall_blocks_a_candidate_that_was_built(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"min_recall": 1.0, "k": 1})
    first, second = live_kb.documents[3], live_kb.documents[4]
    live_kb.documents[3], live_kb.documents[4] = (
        {**first, "text": second["text"]},
        {**second, "text": first["text"]},
    )
    blocked = live_kb.run("bad")
    assert (blocked.outcome, live_kb.live) == ("hold", "v1.0.0")
    version = live_kb.reader().registry.version(KB, "v1.0.1")
    assert version.state == "blocked"
    assert version.facts.recall is not None
    assert version.facts.recall < 1
    with pytest.raises(UsageError, match=r"v1\.0\.1 is held by its decision: Blocked: "):
        stages(live_kb, blocked.run.request, "promote")


def test_a_gate_that_only_warns_does_not_block(live_kb: SmallKb) -> None:
    live_kb.configure(quality={"documents_mode": "warn", "chunks_mode": "warn"})
    for number in range(8):
        live_kb.documents[number] = {**live_kb.documents[number], "text": ""}
    live_kb.change(20)
    warned = live_kb.run("bad")
    assert (warned.outcome, live_kb.live) == ("promoted", "v1.0.1")
    assert any(gate["verdict"] == "failed" for gate in warned.report["gates"])


def test_a_quarantined_row_that_was_repaired_is_taken_by_the_next_run(live_kb: SmallKb) -> None:
    live_kb.configure(quality={"max_empty_text_share": 0.05})
    good = live_kb.documents[3]
    live_kb.documents[3] = {**good, "text": ""}
    live_kb.change(20)
    quarantining = live_kb.run("bad row")
    assert quarantining.outcome == "promoted"
    assert quarantining.report["changes"] == {"added": 0, "changed": 1, "removed": 0, "unchanged": 38, "kept": 1}
    (row,) = quarantining.run.folder.read_table("quarantine.parquet").to_pylist()
    assert (row["doc_id"], row["line"]) == (doc_id(3), 4)
    assert found(live_kb, "v1.0.1", 3)[0] == doc_id(3), "live's own text stays"

    live_kb.documents[3] = {**good, "text": f"{good['text']} Mended by the editors yesterday evening."}
    repaired = live_kb.run("repaired")
    assert (repaired.outcome, live_kb.live) == ("promoted", "v1.0.2")
    assert repaired.report["changes"]["changed"] == 1
    text = "".join(live_kb.reader().store.sample("v1.0.2", 999, ["text"], 1).column("text").to_pylist())
    assert "Mended by the editors" in text


def test_a_new_row_in_quarantine_is_taken_when_repaired_although_nothing_else_changed(live_kb: SmallKb) -> None:
    live_kb.configure(quality={"max_empty_text_share": 0.05})
    good = live_kb.documents.pop(39)
    live_kb.run("without")
    live_kb.documents[39] = {**good, "text": ""}
    assert live_kb.run("bad row").outcome == "unchanged"
    live_kb.documents[39] = good
    assert live_kb.run("repaired").report["changes"]["added"] == 1
    assert found(live_kb, str(live_kb.live), 39)[0] == doc_id(39)


def test_a_hotfix_without_a_batch_cuts_the_bases_own_texts_again(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    live_kb.batch.write_text("this source is never read")
    request = live_kb.request("fix", kind="hotfix", overrides={"chunker": {"size_tokens": 60}}, base="v1.0.0")
    done = pipeline.run_candidate(live_kb.settings, request, lambda stage, result: None)
    assert done["chunk_documents"].summary["n_documents"] == 40
    assert live_kb.live == "v1.0.0-hotfix"
    version = live_kb.reader().registry.version(KB, "v1.0.0-hotfix")
    assert (version.kind, version.parent) == ("hotfix", "v1.0.0")
    assert live_kb.reader().store.count("v1.0.0-hotfix") < live_kb.reader().store.count("v1.0.0")
    assert "front desk" not in "".join(
        live_kb.reader().store.sample("v1.0.0-hotfix", 999, ["text"], 1).column("text").to_pylist()
    )


def test_a_hotfix_takes_from_its_batch_only_what_fits_the_pattern(live_kb: SmallKb, tmp_path: Path) -> None:
    for number in (3, 17):
        live_kb.change(number)
    batch = live_kb.write_documents(tmp_path / "repair.jsonl", [3, 17])
    overrides = override_settings(live_kb.settings.knowledge_base(KB), {"batch": str(batch)})
    fixed = live_kb.run("fix", kind="hotfix", overrides=overrides, documents="orders/*")
    assert (fixed.outcome, live_kb.live) == ("promoted", "v1.0.0-hotfix")
    assert fixed.report["changes"] == {"added": 0, "changed": 1, "removed": 0, "unchanged": 39, "kept": 0}
    changed = live_kb.reader().ledger("v1.0.0-hotfix")
    assert list(changed[changed["run_key"] == fixed.run.request.run_key]["doc_id"]) == [doc_id(3)]


def test_a_hotfix_pattern_that_fits_nothing_is_an_error(live_kb: SmallKb) -> None:
    overrides = override_settings(live_kb.settings.knowledge_base(KB), {"batch": str(live_kb.batch)})
    with pytest.raises(pipeline.KbgateError, match=r"No document of the batch fits documents = 'nothing/\*'"):
        live_kb.run("fix", kind="hotfix", overrides=overrides, documents="nothing/*")


def test_a_hotfix_needs_something_to_repair(small_kb: SmallKb) -> None:
    with pytest.raises(UsageError, match="no version yet to repair"):
        small_kb.run("fix", kind="hotfix")


def test_a_hotfix_is_judged_by_the_same_gates(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"zero_hit_similarity": 0.95})
    fixed = live_kb.run("fix", kind="hotfix", overrides={"chunker": {"size_tokens": 60}})
    assert (fixed.outcome, live_kb.live) == ("hold", "v1.0.0")


def test_build_only_waits_for_a_person(live_kb: SmallKb) -> None:
    live_kb.change(3)
    built = live_kb.run("second", promote=False)
    assert (built.outcome, live_kb.live) == ("built", "v1.0.0")
    assert "kbgate promote" in built.report["headline"]
    assert "collect_garbage" not in built.done
    assert live_kb.reader().registry.version(KB, "v1.0.1").state == "candidate"


def test_a_rollback_moves_back_at_once_and_says_so(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    request = live_kb.request("back", kind="rollback")
    result, _ = stages(live_kb, request, "roll_back", "report")
    assert (result.live_event["version"], result.live_event["previous"]) == ("v1.0.0", "v1.0.1")
    assert live_kb.live == "v1.0.0"
    report = Run(live_kb.settings, request).folder.read_json("report.json")
    assert (report["outcome"], report["headline"]) == (
        "rolled_back",
        "Rolled back: small is back on v1.0.0; it was v1.0.1.",
    )


def test_a_repeated_rollback_stage_does_not_step_back_twice(live_kb: SmallKb) -> None:
    for turn, number in enumerate((3, 4), start=2):
        live_kb.change(number)
        live_kb.run(f"run {turn}")
    assert live_kb.live == "v1.0.2"
    request = live_kb.request("back", kind="rollback")
    revisions = [stages(live_kb, request, "roll_back")[0].summary["revision"] for _ in range(3)]
    assert live_kb.live == "v1.0.1"
    assert len(set(revisions)) == 1
    stages(live_kb, live_kb.request("further back", kind="rollback"), "roll_back")
    assert live_kb.live == "v1.0.0"


def test_an_ingest_that_was_overtaken_by_a_rollback_cannot_promote(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    live_kb.change(4)
    ingest = live_kb.request("third")
    stages(live_kb, ingest, *UNTIL_DECISION)
    stages(live_kb, live_kb.request("back", kind="rollback"), "roll_back")
    with pytest.raises(ConflictError, match=r"v1\.0\.2 was not promoted: the release moved"):
        stages(live_kb, ingest, "promote")
    assert live_kb.live == "v1.0.0"


def test_a_second_run_while_the_first_works_is_refused_and_still_reports(live_kb: SmallKb) -> None:
    first = live_kb.request("first of two")
    stages(live_kb, first, "open_run")
    second = live_kb.request("second of two")
    with pytest.raises(ConflictError, match="being worked on by test_ingest__first-of-two"):
        live_kb.run("second of two")
    report = Run(live_kb.settings, second).folder.read_json("report.json")
    assert report["outcome"] == "error"
    assert "being worked on by" in report["headline"]
    lease = live_kb.reader().registry.lease(KB)
    assert lease is not None
    assert lease.owner == first.run_key, "the report of the second must not give back the first one's lease"


@pytest.fixture
def decided(live_kb: SmallKb) -> tuple[SmallKb, RunRequest, Path]:
    """A run that may be promoted: the knowledge base, its request and its folder."""
    live_kb.change(3)
    request = live_kb.request("second")
    assert not stages(live_kb, request, *UNTIL_DECISION)[-1].holds
    return live_kb, request, Path(Run(live_kb.settings, request).folder.uri)


def test_a_gate_file_edited_by_hand_is_refused(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    edit(folder / "gates" / "recall.json", lambda gate: gate.update(message="all is well"))
    with pytest.raises(ArtifactError, match=r"gates/recall\.json was changed after it"):
        stages(kb, request, "promote")
    assert kb.live == "v1.0.0"


def test_a_gate_file_that_was_deleted_is_refused(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    (folder / "gates" / "drift.json").unlink()
    with pytest.raises(ArtifactError, match="it was made from the gate files"):
        stages(kb, request, "promote")
    assert kb.live == "v1.0.0"


def test_a_decision_edited_by_hand_is_refused(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"zero_hit_similarity": 0.95})
    live_kb.change(3)
    held = live_kb.run("second")
    assert held.outcome == "hold"
    edit(Path(held.run.folder.uri) / "decision.json", lambda decision: decision.update(outcome="promote", reasons=[]))
    with pytest.raises(ArtifactError, match=r"The decision record of small v1\.0\.1 was refused"):
        stages(live_kb, held.run.request, "promote")
    assert live_kb.live == "v1.0.0"


def test_a_decision_that_the_registry_does_not_know_is_refused(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    edit(folder / "decision.json", lambda decision: decision.update(actor="mallory"))
    with pytest.raises(ArtifactError, match="was recorded with the decision"):
        stages(kb, request, "promote")
    assert kb.live == "v1.0.0"


def test_a_version_that_left_the_store_is_not_promoted(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, _ = decided
    kb.reader().store.drop("v1.0.1", protected=())
    with pytest.raises(ArtifactError, match=r"The store of small has no version v1\.0\.1"):
        stages(kb, request, "promote")
    assert kb.live == "v1.0.0"


def test_a_stage_that_runs_again_withdraws_what_it_and_later_stages_concluded(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, folder = decided
    stages(kb, request, "check_chunks")
    assert sorted(path.stem for path in (folder / "gates").glob("*.json")) == ["chunks", "documents"]
    assert not (folder / "decision.json").exists()
    assert "build_candidate" not in stage_records(Run(kb.settings, request))
    with pytest.raises(ArtifactError, match=r"has no decision\.json"):
        stages(kb, request, "promote")


def test_a_gate_that_cannot_be_measured_again_leaves_no_stale_result(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, folder = decided
    (kb.folder / "golden" / "queries.jsonl").unlink()
    with pytest.raises(pipeline.KbgateError, match=r"queries\.jsonl"):
        stages(kb, request, "check_recall")
    assert sorted(path.stem for path in (folder / "gates").glob("*.json")) == [
        "chunks",
        "documents",
        "drift",
        "reconcile",
    ]
    (again,) = stages(kb, request, "decide")
    assert again.holds
    assert "the recall gate left no result" in again.message.casefold()


def test_a_run_repeated_from_its_first_stage_builds_the_same_version(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, _ = decided
    before = kb.reader().ledger("v1.0.1")
    stages(kb, request, *UNTIL_DECISION, "promote")
    assert kb.live == "v1.0.1"
    assert [version.version for version in kb.reader().registry.versions(KB)] == ["v1.0.0", "v1.0.1"]
    assert kb.reader().ledger("v1.0.1").equals(before)


def test_a_promoted_run_is_not_run_again(live_kb: SmallKb) -> None:
    live_kb.change(3)
    with pytest.raises(UsageError, match=r"promoted already as v1\.0\.0"):
        live_kb.run("first")
    assert live_kb.live == "v1.0.0"


def test_a_repeated_promotion_changes_nothing(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, _ = decided
    (first,) = stages(kb, request, "promote")
    (second,) = stages(kb, request, "promote")
    assert first.summary["revision"] == second.summary["revision"]


def test_settings_that_change_in_mid_run_stop_it(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, _ = decided
    kb.configure(recall={"min_recall": 0.1})
    with pytest.raises(UsageError, match="settings of small changed after this run began"):
        stages(kb, request, "check_recall")
    assert kb.live == "v1.0.0"


def test_garbage_collection_keeps_live_previous_and_the_texts_that_later_versions_need(live_kb: SmallKb) -> None:
    live_kb.configure(release={"keep_versions": 1})
    runs = []
    for number in range(3, 6):
        live_kb.change(number)
        runs.append(live_kb.run(f"run {number}"))
    reader = live_kb.reader()
    assert runs[-1].done["collect_garbage"].summary == {"collected": ["v1.0.1"]}
    assert reader.store.versions() == ["v1.0.2", "v1.0.3"]
    states = {version.version: version.state for version in reader.registry.versions(KB)}
    assert states == {"v1.0.0": "collected", "v1.0.1": "collected", "v1.0.2": "promoted", "v1.0.3": "promoted"}
    first = reader.version_folder("v1.0.0")
    assert first.exists(DOCUMENTS_FILE)
    assert not first.exists("vectors.parquet")
    # Every text is needed again, most of them from the first run.
    live_kb.configure(chunker={"size_tokens": 46})
    rebuilt = live_kb.run("rebuild")
    assert (rebuilt.outcome, live_kb.live, chunked(rebuilt)) == ("promoted", "v1.1.0", 40)
    with pytest.raises(UsageError, match=r"rolled back to v1\.0\.0, which is collected"):
        stages(live_kb, live_kb.request("back", kind="rollback", target="v1.0.0"), "roll_back")


def test_a_text_that_is_gone_stops_a_rebuild(live_kb: SmallKb) -> None:
    folder = live_kb.reader().version_folder("v1.0.0")
    folder.clear(DOCUMENTS_FILE)
    live_kb.configure(chunker={"size_tokens": 60})
    with pytest.raises(ArtifactError, match=DOCUMENTS_FILE):
        live_kb.run("rebuild")
    assert live_kb.live == "v1.0.0"


def test_a_store_that_lost_the_live_version_is_infrastructure(live_kb: SmallKb) -> None:
    live_kb.configure(store={"options": {"uri": str(live_kb.folder / "moved")}})
    with pytest.raises(InfrastructureError, match=r"store of small does not hold v1\.0\.0"):
        live_kb.run("second")
    assert live_kb.reader().registry.lease(KB) is None


def test_what_stopped_a_run_is_told_even_if_its_report_cannot_be_written(small_kb: SmallKb) -> None:
    (small_kb.folder / "artifacts").write_text("a file where a folder should be")
    with pytest.raises(InfrastructureError, match=r"request\.json could not be written"):
        small_kb.run("first")


def test_every_stage_leaves_its_seconds_and_memory(live_kb: SmallKb) -> None:
    live_kb.change(3)
    second = live_kb.run("second")
    assert set(second.report["stages"]) == set(STAGES) - {"report"}
    assert all(stage["seconds"] >= 0 and stage["peak_memory_mb"] > 0 for stage in second.report["stages"].values())


def test_a_document_check_reads_and_judges_and_does_nothing_else(live_kb: SmallKb) -> None:
    seen: list[str] = []
    request = live_kb.request("check", promote=False)
    pipeline.run_document_check(live_kb.settings, request, lambda stage, result: seen.append(stage) if result else None)
    run = Run(live_kb.settings, request)
    assert seen == ["read_documents", "check_documents"]
    assert run.folder.read_gates()["documents"].verdict is Verdict.PASSED
    assert run.folder.exists(BATCH_FILE)
    assert run.registry.lease(KB) is None
