import pytest

from kbgate.errors import ConflictError, UsageError
from kbgate.run import Run
from small_kb import KB, SmallKb


def test_a_waiting_candidate_goes_live_and_its_run_says_so(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second", promote=False)
    request = live_kb.request("by hand", kind="promotion", target="v1.0.1", actor="anna", reason="looked at it")
    result, _ = live_kb.stages(request, "promote_by_hand", "report")
    assert live_kb.live == "v1.0.1"
    assert result.live_event["version"] == "v1.0.1"
    event = live_kb.reader().registry.events(KB)[-1]
    assert (event.kind, event.actor, event.reason) == ("promoted", "anna", "looked at it")
    report = Run(live_kb.settings, request).folder.read_json("report.json")
    assert report["outcome"] == "promoted_by_hand"
    assert report["headline"].startswith("Promoted v1.0.1, replacing v1.0.0: ")
    (again,) = live_kb.stages(request, "promote_by_hand")
    assert again.summary["revision"] == result.summary["revision"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"target": None}, "kbgate versions --kb small"),
        ({"target": "v9.9.9"}, r"no version v9\.9\.9"),
        ({"target": "v1.0.1", "reason": "   "}, "A reason is required"),
    ],
)
def test_version_and_reason_are_required(live_kb: SmallKb, fields: dict[str, str | None], said: str) -> None:
    live_kb.change(3)
    live_kb.run("second", promote=False)
    with pytest.raises(UsageError, match=said):
        live_kb.stages(live_kb.request("by hand", kind="promotion", **fields), "promote_by_hand")
    assert live_kb.live == "v1.0.0"


def test_a_candidate_that_was_compared_with_another_live_version_is_refused(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second", promote=False)
    live_kb.change(4)
    live_kb.run("third")
    with pytest.raises(ConflictError, match=r"v1\.0\.1 was not promoted: the release moved"):
        live_kb.stages(live_kb.request("by hand", kind="promotion", target="v1.0.1"), "promote_by_hand")
