"""Whole runs without Airflow: what becomes live, what does not, and what a failed run leaves behind."""

from pathlib import Path

import pytest

from kbgate import pipeline
from kbgate.corpus import BATCH_FILE
from kbgate.errors import ArtifactError, ConflictError, InfrastructureError, UsageError
from kbgate.pipeline import BY_HAND, GATES, PAGE_FILES, STAGES, stage_records
from kbgate.results import Verdict
from kbgate.run import Run, RunRequest
from small_kb import KB, UNTIL_DECISION, SmallKb, doc_id


def test_every_stage_is_a_function_of_its_own_module() -> None:
    folder = Path(pipeline.__file__).with_name("stages")
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert modules == {*STAGES, *BY_HAND}
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
    assert (first.n_chunked, second.n_chunked) == (40, 2)
    assert second.report["changes"] == {"added": 0, "changed": 2, "removed": 0, "unchanged": 38, "kept": 0}
    embedding = second.report["embedding"]
    assert embedding["n_reused"] > 100
    assert 0 < embedding["n_embedded"] <= 8
    hours = small_kb.reader().cached_embedder.embed_queries(["Ask the front desk about opening hours"])[0]
    assert set(small_kb.reader().store.search("v1.0.1", hours, 2).doc_ids[0]) == {doc_id(3), doc_id(17)}
    # The version before is what it was.
    assert small_kb.reader().store.count("v1.0.0") == first.done["build_candidate"].summary["n_chunks"]


def test_a_removed_document_is_not_found_any_more(live_kb: SmallKb) -> None:
    assert live_kb.found("v1.0.0", 39)[0] == doc_id(39)
    del live_kb.documents[39]
    second = live_kb.run("second")
    assert (second.outcome, second.report["changes"]["removed"]) == ("promoted", 1)
    assert doc_id(39) not in live_kb.found("v1.0.1", 39)
    assert next(live_kb.reader().store.read("v1.0.1", ["doc_id"], [doc_id(39)])).num_rows == 0
    assert live_kb.found("v1.0.0", 39)[0] == doc_id(39)


def test_other_chunk_settings_rebuild_everything_as_v1_1_0(live_kb: SmallKb) -> None:
    live_kb.configure(chunker={"size_tokens": 46, "overlap_tokens": 10})
    second = live_kb.run("second")
    assert (second.outcome, live_kb.live) == ("promoted", "v1.1.0")
    assert second.n_chunked == 40
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
        live_kb.stages(blocked.run.request, "promote")


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
    assert live_kb.found("v1.0.1", 3)[0] == doc_id(3), "live's own text stays"

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
    assert live_kb.found(str(live_kb.live), 39)[0] == doc_id(39)


def test_a_second_run_while_the_first_works_is_refused_and_still_reports(live_kb: SmallKb) -> None:
    first = live_kb.request("first of two")
    live_kb.stages(first, "open_run")
    second = live_kb.request("second of two")
    with pytest.raises(ConflictError, match="being worked on by test_ingest__first-of-two"):
        live_kb.run("second of two")
    report = Run(live_kb.settings, second).folder.read_json("report.json")
    assert report["outcome"] == "error"
    assert "being worked on by" in report["headline"]
    lease = live_kb.reader().registry.lease(KB)
    assert lease is not None
    assert lease.owner == first.run_key, "the report of the second must not give back the first one's lease"


def test_a_stage_that_runs_again_withdraws_what_it_and_later_stages_concluded(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, folder = decided
    kb.stages(request, "check_chunks")
    assert sorted(path.stem for path in (folder / "gates").glob("*.json")) == ["chunks", "documents"]
    assert not (folder / "decision.json").exists()
    assert "build_candidate" not in stage_records(Run(kb.settings, request))
    with pytest.raises(ArtifactError, match=r"has no decision\.json"):
        kb.stages(request, "promote")


def test_files_for_pages_do_not_outlive_the_conclusion_they_stand_beside(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, folder = decided
    assert all((folder / name).exists() for name in PAGE_FILES.values())
    kb.stages(request, "chunk_documents")
    assert {name for name in PAGE_FILES.values() if (folder / name).exists()} == {
        PAGE_FILES["check_documents"],
        PAGE_FILES["plan_changes"],
    }


def test_a_blocked_batch_leaves_what_its_pages_need_and_nothing_that_was_not_measured(live_kb: SmallKb) -> None:
    for number in range(8):
        live_kb.documents[number] = {**live_kb.documents[number], "text": ""}
    blocked = live_kb.run("bad")
    folder = blocked.run.folder
    assert blocked.outcome == "hold"
    assert folder.read_json(PAGE_FILES["check_documents"])["n_quarantined"] == 8
    assert folder.read_json(PAGE_FILES["plan_changes"])["kept"]["count"] == 8
    assert not folder.exists(PAGE_FILES["check_drift"])


def test_a_gate_that_cannot_be_measured_again_leaves_no_stale_result(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, folder = decided
    (kb.folder / "golden" / "queries.jsonl").unlink()
    with pytest.raises(pipeline.KbgateError, match=r"queries\.jsonl"):
        kb.stages(request, "check_recall")
    assert {path.stem for path in (folder / "gates").glob("*.json")} == set(GATES.values()) - {"recall"}
    (again,) = kb.stages(request, "decide")
    assert again.holds
    assert "the recall gate left no result" in again.message.casefold()


def test_a_run_repeated_from_its_first_stage_builds_the_same_version(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, _ = decided
    before = kb.reader().ledger("v1.0.1")
    kb.stages(request, *UNTIL_DECISION, "promote")
    assert kb.live == "v1.0.1"
    assert [version.version for version in kb.reader().registry.versions(KB)] == ["v1.0.0", "v1.0.1"]
    assert kb.reader().ledger("v1.0.1").equals(before)


def test_a_promoted_run_is_not_run_again(live_kb: SmallKb) -> None:
    live_kb.change(3)
    with pytest.raises(UsageError, match=r"promoted already as v1\.0\.0"):
        live_kb.run("first")
    assert live_kb.live == "v1.0.0"


@pytest.mark.parametrize("stage", UNTIL_DECISION)
def test_no_stage_of_a_promoted_run_works_again_and_its_files_stay_as_they_are(live_kb: SmallKb, stage: str) -> None:
    promoted = live_kb.reader().version_folder("v1.0.0")
    before = contents(Path(promoted.uri))
    live_kb.change(3)
    request = live_kb.request("first")
    assert promoted.run_key == request.run_key
    with pytest.raises(UsageError, match=r"promoted already as v1\.0\.0\. Start a new run"):
        live_kb.stages(request, stage)
    assert contents(Path(promoted.uri)) == before


def test_a_promotion_that_was_superseded_is_not_tried_again(decided: tuple[SmallKb, RunRequest, Path]) -> None:
    kb, request, folder = decided
    kb.stages(request, "promote", "report")
    kb.change(5)
    assert kb.run("third").outcome == "promoted"
    before = contents(folder)
    with pytest.raises(UsageError, match=r"promoted already as v1\.0\.1\. Start a new run\. Live is v1\.0\.2\."):
        kb.stages(request, "promote")
    assert contents(folder) == before


@pytest.mark.parametrize("stage", ["check_documents", "check_recall", "decide"])
def test_settings_that_change_in_mid_run_stop_it_and_nothing_is_withdrawn(
    decided: tuple[SmallKb, RunRequest, Path], stage: str
) -> None:
    kb, request, folder = decided
    before = contents(folder)
    kb.configure(recall={"min_recall": 0.1})
    with pytest.raises(UsageError, match="settings of small changed after this run began"):
        kb.stages(request, stage)
    assert contents(folder) == before
    assert kb.live == "v1.0.0"


@pytest.mark.parametrize("stage", ["read_documents", "build_candidate", "check_drift", "decide", "promote"])
def test_no_stage_works_while_another_run_holds_the_lease(
    decided: tuple[SmallKb, RunRequest, Path], stage: str
) -> None:
    kb, request, folder = decided
    registry = kb.reader().registry
    registry.release_lease(KB, request.run_key)
    registry.acquire_lease(KB, "another run", "ingest", 10)
    before = contents(folder)
    with pytest.raises(ConflictError, match="being worked on by another run"):
        kb.stages(request, stage)
    assert before.items() <= contents(folder).items()


def test_a_stage_that_is_cleared_after_the_report_takes_the_lease_again(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, _ = decided
    kb.stages(request, "report")
    assert kb.reader().registry.lease(KB) is None
    kb.stages(request, "embed_chunks")
    lease = kb.reader().registry.lease(KB)
    assert lease is not None
    assert lease.owner == request.run_key


def test_a_stage_that_lost_the_lease_says_so_in_the_runs_note(live_kb: SmallKb) -> None:
    live_kb.change(3)
    request = live_kb.request("second")
    live_kb.stages(request, "open_run")
    registry = live_kb.reader().registry
    registry.release_lease(KB, request.run_key)
    registry.acquire_lease(KB, "another run", "ingest", 10)
    with pytest.raises(ConflictError):
        live_kb.stages(request, "read_documents")
    live_kb.stages(request, "report")
    headline = Run(live_kb.settings, request).folder.read_json("report.json")["headline"]
    assert headline.startswith("Stopped in read_documents: small is being worked on by another run")


def test_a_run_that_could_not_begin_again_does_not_go_on_from_its_first_try(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, _ = decided
    registry = kb.reader().registry
    registry.release_lease(KB, request.run_key)
    registry.acquire_lease(KB, "another run", "ingest", 10)
    with pytest.raises(ConflictError):
        kb.stages(request, "open_run")
    registry.release_lease(KB, "another run")
    (decision,) = kb.stages(request, "decide")
    assert decision.holds
    assert "did not begin" in decision.message
    assert registry.lease(KB) is None


def test_after_a_rollback_an_ingest_waits_for_a_person(live_kb: SmallKb) -> None:
    live_kb.change(3)
    assert live_kb.run("second").outcome == "promoted"
    back = live_kb.request("back", kind="rollback", actor="anna", reason="users complain about wrong prices")
    live_kb.stages(back, "roll_back")
    night = live_kb.run("night")
    assert (night.outcome, live_kb.live) == ("waiting", "v1.0.0")
    assert night.done["promote"].holds
    assert "collect_garbage" not in night.done
    assert night.report["headline"] == (
        "v1.0.2 passed every gate and waits: v1.0.1 was rolled back by anna (users complain about wrong prices). Live stays "
        "v1.0.0. Look at `kbgate diff --kb small v1.0.0 v1.0.2`, then promote it with `kbgate promote --kb small v1.0.2 "
        "--reason '...'` or the DAG kb_promote__small."
    )
    assert night.report["reasons"] == [night.report["headline"]]
    assert "kbgate promote --kb small v1.0.2" in night.report["next"]

    by_hand = live_kb.request("by hand", kind="promotion", target="v1.0.2", reason="the prices are right")
    live_kb.stages(by_hand, "promote_by_hand")
    assert live_kb.live == "v1.0.2"
    live_kb.change(4)
    assert live_kb.run("next night").outcome == "promoted"


def test_after_a_rollback_a_hotfix_is_promoted_and_ends_the_waiting(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    live_kb.stages(live_kb.request("back", kind="rollback"), "roll_back")
    assert live_kb.run("repair", kind="hotfix", overrides={"chunker": {"size_tokens": 46}}).outcome == "promoted"
    live_kb.change(5)
    assert live_kb.run("night").outcome == "promoted"


def test_a_run_begun_again_after_live_moved_builds_on_what_is_live_now(
    decided: tuple[SmallKb, RunRequest, Path],
) -> None:
    kb, request, _ = decided
    kb.stages(request, "report")
    kb.change(8)
    assert kb.run("third").report["version"] == "v1.0.2"
    kb.change(9)
    again = kb.run("second")
    assert request.run_key == again.run.request.run_key
    assert again.report["headline"].startswith("Promoted v1.0.3, replacing v1.0.2: ")
    versions = {found.version: (found.parent, found.state) for found in kb.reader().registry.versions(KB)}
    assert versions["v1.0.3"] == ("v1.0.2", "promoted")
    assert versions["v1.0.1"] == ("v1.0.0", "collected")
    assert "v1.0.1" not in kb.reader().store.versions()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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
