from kbgate.corpus import DOCUMENTS_FILE
from kbgate.overrides import override_settings
from kbgate.pipeline import STAGES, run_stage
from kbgate.run import Run
from kbgate.stages.plan_changes import CHANGES_FILE, PLAN_FILE, plan_changes, read_plan
from small_kb import KB, SmallKb, doc_id

BEFORE = STAGES[: STAGES.index("plan_changes")]


def judged(kb: SmallKb, **fields: object) -> Run:
    """A run whose documents were judged."""
    request = kb.request("second", **fields)
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_only_the_texts_of_new_and_changed_documents_are_kept(live_kb: SmallKb) -> None:
    live_kb.change(3)
    del live_kb.documents[39]
    run = judged(live_kb)
    result = plan_changes(run)
    assert result.message == "Documents: 0 added, 1 changed, 1 removed, 38 unchanged, 0 kept."
    assert run.folder.read_table(DOCUMENTS_FILE).column("doc_id").to_pylist() == [doc_id(3)]
    assert (read_plan(run).changed, read_plan(run).removed) == ((doc_id(3),), (doc_id(39),))


def test_an_unchanged_batch_is_skipped_but_planned(live_kb: SmallKb) -> None:
    run = judged(live_kb)
    result = plan_changes(run)
    assert result.skipped
    assert result.message.startswith("Nothing changed: ")
    assert len(read_plan(run).unchanged) == 40


def test_a_row_that_nobody_can_read_removes_no_document(live_kb: SmallKb) -> None:
    live_kb.write_documents()
    whole = live_kb.batch.read_text()
    lines = whole.splitlines(keepends=True)
    lines[39] = lines[39][:40] + "\n"
    request = live_kb.request("second")
    open_run, *others = BEFORE
    live_kb.stages(request, open_run)
    live_kb.batch.write_text("".join(lines))
    for stage in others:
        run_stage(stage, live_kb.settings, KB, request.run_key)
    run = Run(live_kb.settings, request)
    result = plan_changes(run)
    assert (read_plan(run).removed, read_plan(run).kept) == ((), (doc_id(39),))
    assert result.skipped, "all else is as it was"
    assert "1 missing in the snapshot not removed: 1 of its rows without a readable id may be it." in result.message


def test_deletions_of_ids_that_live_does_not_have_are_told(live_kb: SmallKb) -> None:
    (live_kb.folder / "gone.txt").write_text(f"{doc_id(39)}\norders/mistyped\n")
    params = {"mode": "delta", "deletions": str(live_kb.folder / "gone.txt")}
    params["batch"] = str(live_kb.write_documents(live_kb.folder / "delta.jsonl", [3]))
    run = judged(live_kb, overrides=override_settings(live_kb.settings.knowledge_base(KB), params))
    assert plan_changes(run).message.endswith("Live has no document orders/mistyped that was to be deleted.")


def test_a_base_that_is_not_live_is_built_again_even_from_the_same_documents(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("between")
    first = judged(live_kb, kind="hotfix", base="v1.0.0")
    assert not plan_changes(first).skipped


def test_documents_that_nobody_judged_are_not_planned(live_kb: SmallKb) -> None:
    request = live_kb.request("second")
    live_kb.stages(request, "open_run", "read_documents")
    run = Run(live_kb.settings, request)
    assert plan_changes(run).skipped
    assert not run.folder.exists(PLAN_FILE)


def test_changes_are_named_with_the_new_titles_and_removed_ones_with_lives(live_kb: SmallKb) -> None:
    removed = live_kb.documents.pop(39)
    live_kb.documents[3] = {**live_kb.documents[3], "title": "Renamed"}
    live_kb.documents[50] = {**live_kb.documents[7], "doc_id": "orders/new", "text": "Quite another text about a fee."}
    run = judged(live_kb)
    plan_changes(run)
    found = run.folder.read_json(CHANGES_FILE)
    assert found["added"] == {
        "count": 1,
        "examples": [{"doc_id": "orders/new", "title": live_kb.documents[7]["title"]}],
    }
    assert found["changed"] == {"count": 1, "examples": [{"doc_id": doc_id(3), "title": "Renamed"}]}
    assert found["removed"] == {"count": 1, "examples": [{"doc_id": doc_id(39), "title": removed["title"]}]}
    assert (found["unchanged"]["count"], found["kept"]["count"]) == (38, 0)


def test_a_first_ingest_adds_everything(small_kb: SmallKb) -> None:
    run = judged(small_kb)
    plan_changes(run)
    found = run.folder.read_json(CHANGES_FILE)
    assert found["added"]["count"] == len(found["added"]["examples"]) == 40
    assert found["removed"] == {"count": 0, "examples": []}
