import pytest

from kbgate.errors import ConflictError, GoldenSetError, UsageError
from kbgate.run import START_FILE, Run
from kbgate.stages.open_run import note_start, open_run
from small_kb import KB, SmallKb


def test_the_run_holds_the_lease_and_knows_what_was_live(live_kb: SmallKb) -> None:
    run = Run(live_kb.settings, live_kb.request("second"))
    result = open_run(run)
    assert result.message == "Live is v1.0.0; building on v1.0.0"
    assert run.registry.lease(KB).owner == run.request.run_key
    start = run.folder.read_json(START_FILE)
    assert (start["live"], start["base"], start["revision"], start["rebuild"]) == ("v1.0.0", "v1.0.0", 1, False)


def test_other_index_settings_mean_a_rebuild_and_other_limits_do_not(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"min_recall": 0.1})
    assert open_run(Run(live_kb.settings, live_kb.request("second"))).summary["rebuild"] is False
    live_kb.configure(chunker={"size_tokens": 46})
    result = open_run(Run(live_kb.settings, live_kb.request("second")))
    assert result.summary["rebuild"] is True
    assert result.message.endswith(", everything anew")


def test_a_lease_that_another_run_holds_leaves_no_start(live_kb: SmallKb) -> None:
    open_run(Run(live_kb.settings, live_kb.request("second")))
    late = Run(live_kb.settings, live_kb.request("third"))
    with pytest.raises(ConflictError, match="being worked on by"):
        open_run(late)
    assert not late.folder.exists(START_FILE)


def test_a_golden_set_that_is_not_there_is_told_before_anything_is_done(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"golden_set": "no/such/golden"})
    run = Run(live_kb.settings, live_kb.request("second"))
    with pytest.raises(
        GoldenSetError, match=r"The golden set no/such/golden has no queries\.jsonl.*recall\.golden_set"
    ):
        open_run(run)
    assert run.registry.lease(KB) is None
    assert not run.folder.exists(START_FILE)


def test_a_collected_version_cannot_be_built_on(live_kb: SmallKb) -> None:
    live_kb.configure(release={"keep_versions": 1})
    for number in range(3, 5):
        live_kb.change(number)
        live_kb.run(f"run {number}")
    with pytest.raises(UsageError, match=r"v1\.0\.0 was deleted by garbage collection"):
        open_run(Run(live_kb.settings, live_kb.request("fix", kind="hotfix", base="v1.0.0")))


def test_a_check_by_hand_notes_the_start_without_the_lease(live_kb: SmallKb) -> None:
    run = Run(live_kb.settings, live_kb.request("check"))
    assert note_start(run).live == "v1.0.0"
    assert run.folder.exists(START_FILE)
    assert run.registry.lease(KB) is None


def test_a_hotfix_whose_reason_is_blank_is_refused_before_it_takes_the_lease(live_kb: SmallKb) -> None:
    run = Run(live_kb.settings, live_kb.request("fix", kind="hotfix", reason="     "))
    with pytest.raises(UsageError, match="A hotfix needs a reason"):
        open_run(run)
    assert run.registry.lease(KB) is None


def test_a_hotfix_that_selects_from_no_batch_is_refused_before_it_takes_the_lease(live_kb: SmallKb) -> None:
    run = Run(live_kb.settings, live_kb.request("fix", kind="hotfix", documents="orders/*"))
    with pytest.raises(
        UsageError, match=r"documents = 'orders/\*' selects among the documents of a batch, and no batch"
    ):
        open_run(run)
    assert run.registry.lease(KB) is None
