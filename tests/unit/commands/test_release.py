"""The live pointer is moved by hand: only along a decision that stands, back at once, and never past a lease's owner."""

import json
from pathlib import Path

import pytest

from kbgate.cli import main
from small_kb import KB, SmallKb

PASSED, FAILED, INCONCLUSIVE, USAGE, INFRASTRUCTURE = range(5)


def built(kb: SmallKb, number: int) -> Path:
    """Build a candidate that waits for its promotion and return its run's folder."""
    kb.change(number)
    return Path(kb.run(f"change of {number}", promote=False).run.folder.uri)


def test_a_gate_that_was_edited_after_the_decision_promotes_nothing(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = built(live_kb, 3) / "gates" / "recall.json"
    gate.write_text(gate.read_text().replace('"n"', '"n" ', 1))
    assert main(["promote", "v1.0.1", "--reason", "x"]) == USAGE
    assert "recall" in capsys.readouterr().err
    assert live_kb.live == "v1.0.0"


def test_what_the_gates_held_is_not_promoted_by_hand(live_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    live_kb.configure(recall={"zero_hit_similarity": 0.99})
    live_kb.change(3)
    live_kb.run("held")
    assert main(["promote", "v1.0.1", "--reason", "I know better"]) == USAGE
    assert "cannot be promoted" in capsys.readouterr().err
    assert live_kb.live == "v1.0.0"


def test_the_second_of_two_candidates_is_told_who_was_first(
    live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    built(live_kb, 3)
    built(live_kb, 4)
    assert main(["promote", "v1.0.1", "--reason", "x", "--actor", "ada"]) == PASSED
    assert main(["promote", "v1.0.2", "--reason", "x", "--actor", "bob"]) == INFRASTRUCTURE
    assert "ada" in capsys.readouterr().err
    assert live_kb.live == "v1.0.1"

    assert main(["rollback", "v1.0.0", "--reason", "users complain", "--actor", "bob"]) == PASSED
    assert "v1.0.0" in capsys.readouterr().out
    assert live_kb.live == "v1.0.0"
    assert live_kb.reader().registry.events(KB)[-1].actor == "bob"


def test_who_names_the_wrong_owner_is_told_the_right_one(live_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unlock", "--owner", "somebody"]) == USAGE
    assert f"somebody does not hold the lease of {KB}; nobody does." in capsys.readouterr().err
    live_kb.reader().registry.acquire_lease(KB, "the-nightly-run", "ingest", 10)
    assert main(["unlock", "--owner", "somebody"]) == USAGE
    assert "the-nightly-run does." in capsys.readouterr().err
    assert main(["unlock", "--owner", "the-nightly-run", "--json"]) == PASSED
    assert json.loads(capsys.readouterr().out)["message"] == f"The lease of {KB} is free."
