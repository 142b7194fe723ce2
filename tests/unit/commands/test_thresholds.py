"""`kbgate thresholds …` as a shell sees it, over a knowledge base with promoted and blocked runs."""

import hashlib
import json
import shutil
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kbgate.artifacts import RunFolder
from kbgate.cli import main
from kbgate.web.past_runs import past_runs
from small_kb import KB, SmallKb
from web_pages import three_runs

PASSED, USAGE = 0, 3
N_MORE = 20
"""Runs that are made of the second one's report: a day apart each, with other values."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a knowledge base with 22 promoted runs and a blocked one; only to copy from."""
    kb = three_runs(tmp_path_factory.mktemp("history"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in kb.environment.items():
            monkeypatch.setenv(name, value)
        root = kb.settings.artifact_root
        second = past_runs(kb.settings, KB, 9)[1]
        report = RunFolder(root, KB, second.run_key).read_json("report.json")
        for number in range(N_MORE):
            copy = json.loads(json.dumps(report))
            copy["started_at"] = (second.began - timedelta(days=number + 10)).isoformat()
            values = {"token_mean_shift": 0.01 + 0.002 * (number % 5), "near_duplicate": 0.025 * (number == 3)}
            for measured in copy["gates"][0]["measurements"]:
                measured["value"] = values.get(measured["name"], measured["value"])
            RunFolder(root, KB, f"earlier-{number:02}").write_json("report.json", copy)
    return kb.folder


@pytest.fixture
def kb(history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallKb:
    """A copy of the history whose settings are in force; it runs nightly."""
    shutil.copytree(history / "artifacts", tmp_path / "artifacts")
    kb = SmallKb(tmp_path)
    kb.settings_file.write_text(kb.settings_file.read_text() + f'\n[kb.{KB}]\nschedule = "0 2 * * *"\n')
    for name, value in kb.environment.items():
        monkeypatch.setenv(name, value)
    return kb


class Thresholds:
    """Calls `kbgate thresholds` in this process and checks that no file was touched."""

    def __init__(self, kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
        self.kb = kb
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        before = self.files
        code = main(["thresholds", *arguments])
        printed = self.capsys.readouterr()
        assert self.files == before
        assert "Traceback" not in printed.err
        return code, printed.out, printed.err

    def json(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert code == PASSED, err
        return json.loads(out)

    @property
    def files(self) -> dict[str, str]:
        paths = sorted(path for path in self.kb.folder.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture
def thresholds(kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> Thresholds:
    return Thresholds(kb, capsys)


def test_suggest_prints_a_table_and_settings_that_replay_takes(thresholds: Thresholds, kb: SmallKb) -> None:
    code, out, _ = thresholds("suggest")
    assert code == PASSED
    assert "Limits of small by 22 accepted runs" in out
    assert "30.4 runs a month (by the schedule '0 2 * * *')" in out
    assert "Target, not learnt: " in out
    assert "recall.min_recall" in out
    toml = out[out.index("# 22 accepted runs") :]
    proposed = tomllib.loads(toml)["kb"][KB]
    assert 0.018 < proposed["quality"]["max_token_mean_shift"] < 0.3
    proposal = kb.folder.parent / "proposal.toml"
    proposal.write_text(toml)
    try:
        found = thresholds.json("replay", "--file", str(proposal))
    finally:
        proposal.unlink()
    assert {run["fate"] for run in found["runs"] if run["accepted_then"]} == {"passes"}


def test_suggest_as_json_has_every_row_and_the_same_settings(thresholds: Thresholds) -> None:
    found = thresholds.json("suggest", "--false-alarms-a-month", "0.5")
    assert (found["kb"], found["n_runs"], found["n_held"], found["problems"]) == (KB, 22, 1, [])
    assert found["wanted_alarms_a_month"] == 0.5
    rows = {row["setting"]: row for row in found["limits"]}
    shift = rows["quality.max_token_mean_shift"]
    assert (shift["advice"], shift["worst"], shift["n_runs"]) == ("tighten", 0.018, 21)
    assert f"max_token_mean_shift = {shift['proposed']}" in found["toml"]
    assert rows["quality.max_empty_text_share"]["n_held_beyond"] == 1
    assert rows["recall.min_recall"]["advice"] == "not_learnt"
    # One document of forty is more than most limits allow.
    assert rows["quality.max_malformed_share"]["advice"] == "keep"
    low, high = found["alarms"]["low"], found["alarms"]["high"]
    assert low <= found["alarms"]["expected"] <= high


def test_a_limit_that_is_near_is_a_comment_in_the_settings(thresholds: Thresholds, kb: SmallKb) -> None:
    kb.configure(quality={"max_near_duplicate_share": 0.026})
    found = thresholds.json("suggest")
    row = next(row for row in found["limits"] if row["setting"] == "quality.max_near_duplicate_share")
    assert (row["advice"], row["proposed"]) == ("too_near", 0.03)
    assert "# max_near_duplicate_share = 0.03" in found["toml"]
    assert "max_near_duplicate_share" not in str(tomllib.loads(found["toml"]))


@pytest.mark.parametrize("arguments", [("--runs", "5"), ("--runs", "1")])
def test_too_few_runs_propose_nothing(thresholds: Thresholds, arguments: tuple[str, ...]) -> None:
    code, out, _ = thresholds("suggest", *arguments)
    assert code == PASSED
    assert "too few accepted runs to propose anything: keep the present limits" in out
    assert "# Nothing to propose" in out


def test_a_knowledge_base_without_runs_gets_no_proposal(small_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["thresholds", "suggest"]) == PASSED
    assert "keep the present limits" in capsys.readouterr().out
    assert main(["thresholds", "replay", "--set", "quality.max_token_psi=0.3"]) == PASSED
    assert "Of 0 accepted runs 0 would have been blocked" in capsys.readouterr().out


def test_replay_names_run_gate_measurement_value_and_both_limits(thresholds: Thresholds) -> None:
    found = thresholds.json("replay", "--set", "quality.max_near_duplicate_share=0.02")
    assert (found["n_accepted"], found["n_held"]) == (22, 1)
    (blocked,) = [run for run in found["runs"] if run["differs"]]
    assert (blocked["run_key"], blocked["accepted_then"], blocked["fate"]) == ("earlier-03", True, "blocked")
    (measured,) = blocked["measurements"]
    assert (measured["gate"], measured["measurement"]) == ("documents", "near_duplicate")
    assert (measured["value"], measured["old_limit"], measured["new_limit_low"]) == (0.025, 0.05, 0.02)
    code, out, _ = thresholds("replay", "--set", "quality.max_near_duplicate_share=0.02")
    assert code == PASSED
    row = next(line for line in out.splitlines() if "near_duplicate" in line and "fails" in line)
    assert "0.025" in row
    assert "Of 22 accepted runs 1 would have been blocked and 0 cannot be told." in out
    assert "Nothing was enforced or written." in out


def test_replay_says_which_blocked_run_would_have_gone_on_and_who_never_measured_it(thresholds: Thresholds) -> None:
    code, out, _ = thresholds("replay", "--set", "quality.max_empty_text_share=0.5")
    assert code == PASSED
    assert "Of 1 blocked runs 0 would have passed, 1 would have gone on to gates that never measured them" in out
    assert "was never measured by chunks, reconcile, drift, coverage, golden_set, recall." in out


def test_replay_owns_up_to_what_the_record_does_not_hold(thresholds: Thresholds) -> None:
    found = thresholds.json("replay", "--set", "recall.margin=0.01", "--set", "drift.max_version_separability=0.6")
    inexact = {row["measurement"]: row for row in found["inexact"]}
    assert inexact["worse_than_live_p"]["n_unknown"] > 0
    assert "p-value" in inexact["worse_than_live_p"]["why"]
    assert found["never_measured"] == ["drift.max_version_separability"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("replay",), "There is nothing to try"),
        (("replay", "--set", "quality.max_token_pis=0.3"), "Known are, among others: quality.max_token_psi"),
        (("replay", "--set", "recall.k=3"), "changes what is measured"),
        (("replay", "--set", "quality.max_lost_share=7"), "kb.small.quality.max_lost_share"),
        (("replay", "--file", "/nowhere.toml"), "cannot be read as TOML"),
        (("replay", "--kb", "nobody", "--set", "quality.max_lost_share=0.1"), "nobody"),
        (("suggest", "--runs", "0"), "--runs"),
        (("suggest", "--false-alarms-a-month", "0"), "--false-alarms-a-month"),
    ],
)
def test_what_cannot_be_done_is_3_with_a_sentence(
    thresholds: Thresholds, arguments: tuple[str, ...], wanted: str
) -> None:
    code, out, err = thresholds(*arguments)
    assert (code, out) == (USAGE, "")
    assert wanted in err


def test_a_broken_report_is_left_out_and_named(thresholds: Thresholds, kb: SmallKb) -> None:
    RunFolder(kb.settings.artifact_root, KB, "earlier-07").write_bytes("report.json", b"{")
    found = thresholds.json("suggest")
    assert found["n_runs"] == 21
    assert "earlier-07" in found["problems"][0]
    assert "Left out: runs/earlier-07" in thresholds("suggest")[1]
