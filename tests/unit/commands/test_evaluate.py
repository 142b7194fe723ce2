"""A version is measured by hand: any version, without building or changing anything."""

import json

import pytest

from kbgate.cli import main
from small_kb import KB, SmallKb

PASSED, FAILED, INCONCLUSIVE, USAGE = range(4)


def test_an_older_version_is_measured_and_nothing_is_changed(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    live_kb.change(3)
    live_kb.run("second")
    registry = live_kb.reader().registry
    before = registry.release(KB), registry.versions(KB), registry.events(KB), registry.lease(KB)
    assert main(["evaluate", "v1.0.0", "--json"]) == PASSED
    (gate,) = json.loads(capsys.readouterr().out)["gates"]
    assert (gate["name"], gate["versions"]["candidate"]) == ("recall", "v1.0.0")
    assert (registry.release(KB), registry.versions(KB), registry.events(KB), registry.lease(KB)) == before


def test_a_recall_that_only_warns_does_not_pass_and_does_not_fail(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    live_kb.configure(recall={"zero_hit_similarity": 0.99})
    assert main(["evaluate"]) == FAILED
    live_kb.configure(recall={"mode": "warn"})
    assert main(["evaluate"]) == INCONCLUSIVE
    assert "Files of this run: " in capsys.readouterr().out


def test_before_the_first_ingest_there_is_nothing_to_measure(
    small_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate"]) == USAGE
    assert "live" in capsys.readouterr().err
    assert small_kb.live is None
