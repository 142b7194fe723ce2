"""Versions as a person reads them, in words and tables."""

import json

import pytest

from kbgate.cli import main
from small_kb import KB, SmallKb


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_before_the_first_ingest_the_command_to_run_is_named(
    small_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"{KB} has no versions yet. Run: kbgate ingest --kb {KB}" in printed(capsys, "versions")


def test_two_versions_are_listed_shown_and_compared(live_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    del live_kb.documents[39]
    live_kb.change(3)
    live_kb.run("second")

    rows = [line for line in printed(capsys, "versions").splitlines() if "v1.0" in line]
    assert [("live" in row, "previous" in row) for row in rows] == [(True, False), (False, True)]
    shown = printed(capsys, "show", "v1.0.0")
    assert "recall" in shown
    assert "Events" in shown

    there = json.loads(printed(capsys, "diff", "v1.0.0", "v1.0.1", "--json"))
    back = json.loads(printed(capsys, "diff", "v1.0.1", "v1.0.0", "--json"))
    assert (there["removed"], there["added"], there["changed"]) == (["shipping/doc-39"], [], ["orders/doc-03"])
    assert (back["removed"], back["added"], back["changed"]) == ([], ["shipping/doc-39"], ["orders/doc-03"])
    assert "v1.0.0 -> v1.0.1" in printed(capsys, "diff", "v1.0.0", "v1.0.1")


def test_a_version_that_was_held_is_shown_with_the_gate_that_held_it(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    live_kb.configure(recall={"zero_hit_similarity": 0.99})
    live_kb.change(3)
    live_kb.run("held")
    shown = json.loads(printed(capsys, "show", "v1.0.1", "--json"))
    assert shown["version"]["state"] == "blocked"
    assert [gate["name"] for gate in shown["gates"] if gate["verdict"] == "failed"] == ["recall"]
    assert [event["kind"] for event in shown["events"]] == ["blocked"]
