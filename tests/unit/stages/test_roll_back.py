import sqlite3
from pathlib import Path

import pytest

from kbgate.errors import ConflictError, InfrastructureError, UsageError
from kbgate.releases.registry import Registry
from kbgate.run import Run
from kbgate.stages.roll_back import AIM_FILE, roll_back
from kbgate.stores.numpy import NumpyStore
from small_kb import KB, UNTIL_DECISION, SmallKb


def test_a_rollback_moves_back_at_once_and_says_so(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    request = live_kb.request("back", kind="rollback")
    result, _ = live_kb.stages(request, "roll_back", "report")
    assert (result.live_event["version"], result.live_event["previous"]) == ("v1.0.0", "v1.0.1")
    assert live_kb.live == "v1.0.0"
    report = Run(live_kb.settings, request).folder.read_json("report.json")
    assert (report["outcome"], report["headline"]) == (
        "rolled_back",
        "Rolled back: small is back on v1.0.0; it was v1.0.1. No ingest promotes by itself until a person has promoted a "
        "version.",
    )


def test_a_repeated_rollback_stage_does_not_step_back_twice(live_kb: SmallKb) -> None:
    for turn, number in enumerate((3, 4), start=2):
        live_kb.change(number)
        live_kb.run(f"run {turn}")
    assert live_kb.live == "v1.0.2"
    request = live_kb.request("back", kind="rollback")
    revisions = [live_kb.stages(request, "roll_back")[0].summary["revision"] for _ in range(3)]
    assert live_kb.live == "v1.0.1"
    assert len(set(revisions)) == 1
    with pytest.raises(UsageError, match=r"rolled back already \(tester rolled back to v1\.0\.1 .*name a version"):
        live_kb.stages(live_kb.request("double click", kind="rollback"), "roll_back")
    assert live_kb.live == "v1.0.1"
    live_kb.stages(live_kb.request("further back", kind="rollback", target="v1.0.0"), "roll_back")
    assert live_kb.live == "v1.0.0"


def test_an_ingest_that_was_overtaken_by_a_rollback_cannot_promote(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    live_kb.change(4)
    ingest = live_kb.request("third")
    live_kb.stages(ingest, *UNTIL_DECISION)
    live_kb.stages(live_kb.request("back", kind="rollback"), "roll_back")
    with pytest.raises(ConflictError, match=r"v1\.0\.2 was not promoted: the release moved"):
        live_kb.stages(ingest, "promote")
    assert live_kb.live == "v1.0.0"


def test_a_named_version_is_reached_although_another_one_was_promoted_meanwhile(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    request = live_kb.request("back", kind="rollback", target="v1.0.0")
    folder = Run(live_kb.settings, request).folder
    # An earlier try noted what it wanted, and then the registry did not answer.
    folder.write_json(AIM_FILE, {"target": "v1.0.0", "from": "v1.0.1", "revision": 2})
    live_kb.change(4)
    live_kb.run("third")
    live_kb.stages(request, "roll_back")
    assert live_kb.live == "v1.0.0"


def test_a_repeated_rollback_to_a_named_version_does_not_undo_what_was_promoted_after_it(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    request = live_kb.request("back", kind="rollback", target="v1.0.0")
    live_kb.stages(request, "roll_back")
    live_kb.run("repair", kind="hotfix", overrides={"chunker": {"size_tokens": 46}})
    assert live_kb.live == "v1.0.0-hotfix"
    live_kb.stages(request, "roll_back")
    assert live_kb.live == "v1.0.0-hotfix"


def test_a_rollback_needs_no_artifact_folder(live_kb: SmallKb, monkeypatch: pytest.MonkeyPatch) -> None:
    live_kb.change(3)
    live_kb.run("second")
    elsewhere = live_kb.folder / "elsewhere"
    artifacts = Path(live_kb.settings.artifact_root)
    artifacts.rename(elsewhere)
    artifacts.write_text("disk trouble")
    monkeypatch.setenv("KBGATE_REGISTRY__DSN", f"sqlite:///{elsewhere}/registry.db")
    live_kb.configure(store={"options": {"uri": str(elsewhere / KB / "store")}})
    (result,) = live_kb.stages(live_kb.request("back", kind="rollback"), "roll_back")
    assert live_kb.live == "v1.0.0"
    assert "could not be written" in result.message


def test_a_version_that_the_store_has_lost_is_no_target(live_kb: SmallKb) -> None:
    for number in (3, 4):
        live_kb.change(number)
        live_kb.run(f"run {number}")
    live_kb.reader().store.drop("v1.0.1", protected=())
    with pytest.raises(UsageError, match=r"store of small has lost v1\.0\.1.*Possible targets: v1\.0\.0, v1\.0\.2\."):
        live_kb.stages(live_kb.request("back", kind="rollback"), "roll_back")
    assert live_kb.live == "v1.0.2"


def test_a_store_that_does_not_answer_stops_no_rollback(live_kb: SmallKb, monkeypatch: pytest.MonkeyPatch) -> None:
    live_kb.change(3)
    live_kb.run("second")

    def down(store: NumpyStore) -> list[str]:
        raise InfrastructureError("the store is down.")

    monkeypatch.setattr(NumpyStore, "versions", down)
    result = roll_back(Run(live_kb.settings, live_kb.request("back", kind="rollback")))
    assert live_kb.live == "v1.0.0"
    assert result.message.endswith("could not be asked: the store is down.")


def test_tables_of_a_newer_kbgate_stop_no_rollback(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    with sqlite3.connect(Path(live_kb.settings.artifact_root) / "registry.db") as connection:
        connection.execute("UPDATE kbgate_schema_version SET version_num = '9999'")
    with pytest.raises(InfrastructureError, match="made by a newer kbgate"):
        Registry(f"sqlite:///{live_kb.settings.artifact_root}/registry.db").migrate()
    live_kb.stages(live_kb.request("back", kind="rollback"), "roll_back")
    assert live_kb.live == "v1.0.0"
