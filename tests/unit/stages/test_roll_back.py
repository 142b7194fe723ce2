import pytest

from kbgate.errors import ConflictError
from kbgate.run import Run
from small_kb import UNTIL_DECISION, SmallKb


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
        "Rolled back: small is back on v1.0.0; it was v1.0.1.",
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
    live_kb.stages(live_kb.request("further back", kind="rollback"), "roll_back")
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
