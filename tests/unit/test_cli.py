"""Every exit code of the command line, and that `--json` prints one JSON object and nothing else."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from kbgate import inspection
from kbgate.cli import INTERRUPTED, main
from kbgate.pipeline import GATES
from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.settings import CONFIG_VARIABLE
from kbgate.stages import embed_chunks
from small_kb import KB, SmallKb

PASSED, FAILED, INCONCLUSIVE, USAGE, INFRASTRUCTURE = range(5)


class CommandLine:
    """Calls `main` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error."""
        code = main(list(arguments))
        printed = self.capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(code), printed.out, printed.err

    def json(self, *arguments: str) -> tuple[int, Any]:
        """Return exit code and what `--json` printed."""
        code, out, _ = self(*arguments, "--json")
        return code, json.loads(out)

    def error(self, *arguments: str) -> tuple[int, str]:
        """Return exit code and the message of a call that prints nothing but an error."""
        code, out, err = self(*arguments)
        assert out == ""
        assert err.splitlines()[-1].startswith("kbgate: ")
        return code, err


@pytest.fixture
def kbgate(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def spoil(kb: SmallKb, n: int) -> None:
    """Empty the text of so many documents."""
    for number in range(n):
        kb.documents[number] = {**kb.documents[number], "text": " "}
    kb.write_documents()


def test_a_good_ingest_is_promoted_with_0(live_kb: SmallKb, kbgate: CommandLine) -> None:
    live_kb.change(3)
    live_kb.write_documents()
    code, report = kbgate.json("ingest", "--reason", "nightly", "--actor", "ada")
    assert code == PASSED
    assert (report["outcome"], report["version"]) == ("promoted", "v1.0.1")
    assert (report["actor"], report["reason"]) == ("ada", "nightly")
    assert live_kb.live == "v1.0.1"


def test_a_bad_ingest_is_blocked_with_1(live_kb: SmallKb, kbgate: CommandLine) -> None:
    spoil(live_kb, 6)
    code, report = kbgate.json("ingest")
    assert code == FAILED
    assert report["outcome"] == "hold"
    assert report["reasons"]
    assert live_kb.live == "v1.0.0"


def test_too_little_evidence_is_2_and_promotes_nothing(live_kb: SmallKb, kbgate: CommandLine) -> None:
    live_kb.configure(recall={"min_queries": 500})
    live_kb.change(3)
    live_kb.write_documents()
    code, report = kbgate.json("ingest")
    assert code == INCONCLUSIVE
    assert [gate["name"] for gate in report["gates"] if gate["verdict"] == "inconclusive"] == ["recall"]
    assert live_kb.live == "v1.0.0"


def test_an_ingest_without_changes_is_0(live_kb: SmallKb, kbgate: CommandLine) -> None:
    code, report = kbgate.json("ingest")
    assert (code, report["outcome"]) == (PASSED, "unchanged")


def test_parameters_reach_the_run(live_kb: SmallKb, kbgate: CommandLine, tmp_path: Path) -> None:
    live_kb.change(3)
    batch, deletions = live_kb.write_documents(tmp_path / "delta.jsonl", [3]), tmp_path / "gone.txt"
    deletions.write_text("shipping/doc-39\n")
    delta = ("--batch", str(batch), "--mode", "delta", "--deletions", str(deletions))
    code, report = kbgate.json("ingest", *delta, "--build-only", "--run-id", "mine")
    assert (code, report["outcome"]) == (PASSED, "built")
    assert report["changes"] == {"added": 0, "changed": 1, "removed": 1, "unchanged": 38, "kept": 0}
    assert "mine" in report["run_key"]
    assert live_kb.live == "v1.0.0"

    code, event = kbgate.json("promote", report["version"], "--reason", "looked at it", "--actor", "ada")
    assert (code, event["live_event"]["version"]) == (PASSED, "v1.0.1")
    assert live_kb.live == "v1.0.1"
    assert [e.actor for e in live_kb.reader().registry.events(KB)][-1] == "ada"


def test_chunk_settings_of_one_run_rebuild_the_index(live_kb: SmallKb, kbgate: CommandLine) -> None:
    code, report = kbgate.json("ingest", "--chunk-size", "46", "--chunk-overlap", "5")
    assert (code, report["version"]) == (PASSED, "v1.1.0"), report["headline"]


def test_a_check_of_clean_documents_is_0_and_takes_no_lease(live_kb: SmallKb, kbgate: CommandLine) -> None:
    live_kb.reader().registry.acquire_lease(KB, "somebody", "ingest", 10)
    code, found = kbgate.json("check")
    assert code == PASSED
    assert [gate["name"] for gate in found["gates"]] == ["documents"]


def test_a_check_of_a_first_batch_is_0(small_kb: SmallKb, kbgate: CommandLine) -> None:
    code, found = kbgate.json("check")
    assert (code, found["gates"][0]["verdict"]) == (PASSED, "inconclusive")
    assert small_kb.live is None


def test_a_check_of_a_bad_batch_is_1(live_kb: SmallKb, kbgate: CommandLine, tmp_path: Path) -> None:
    spoil(live_kb, 6)
    bad = live_kb.write_documents(tmp_path / "bad.jsonl")
    code, found = kbgate.json("check", "--batch", str(bad))
    assert (code, found["gates"][0]["verdict"]) == (FAILED, "failed")


def test_an_evaluation_is_0_1_or_2(live_kb: SmallKb, kbgate: CommandLine) -> None:
    code, found = kbgate.json("evaluate")
    assert (code, found["gates"][0]["versions"]["candidate"]) == (PASSED, "v1.0.0")
    live_kb.configure(recall={"zero_hit_similarity": 0.99})
    assert kbgate.json("evaluate", "v1.0.0")[0] == FAILED
    live_kb.configure(recall={"zero_hit_similarity": 0.1, "min_queries": 500})
    assert kbgate.json("evaluate")[0] == INCONCLUSIVE


def test_a_rollback_is_0_and_writes_a_report(live_kb: SmallKb, kbgate: CommandLine) -> None:
    live_kb.change(3)
    live_kb.write_documents()
    assert kbgate.json("ingest")[0] == PASSED
    code, event = kbgate.json("rollback", "--reason", "users complain")
    assert (code, event["summary"]["version"]) == (PASSED, "v1.0.0")
    assert live_kb.live == "v1.0.0"


def test_versions_show_and_diff_are_read_only_and_0(live_kb: SmallKb, kbgate: CommandLine) -> None:
    live_kb.change(3)
    live_kb.write_documents()
    assert kbgate.json("ingest")[0] == PASSED
    before = live_kb.reader().registry.events(KB)
    code, listing = kbgate.json("versions")
    assert code == PASSED
    assert [(row["version"], row["role"]) for row in listing["versions"]] == [
        ("v1.0.1", "live"),
        ("v1.0.0", "previous"),
    ]
    code, shown = kbgate.json("show", "v1.0.1")
    assert (code, shown["version"]["version"], len(shown["gates"])) == (PASSED, "v1.0.1", len(GATES))
    code, diff = kbgate.json("diff", "v1.0.0", "v1.0.1")
    assert (code, diff["changed"]) == (PASSED, ["orders/doc-03"])
    assert live_kb.reader().registry.events(KB) == before


def test_the_sample_can_be_spoilt(kbgate: CommandLine, small_kb: SmallKb, tmp_path: Path) -> None:
    code, faults = kbgate.json("sample", "--list")
    assert code == PASSED
    assert "incident" in faults
    code, batch = kbgate.json("sample", "--fault", "incident", "--into", str(tmp_path / "bad"))
    assert code == PASSED
    assert Path(batch["path"]).exists()
    code, message = kbgate.error("sample", "--fault", "no-such-fault", "--into", str(tmp_path / "bad"))
    assert code == USAGE
    assert "no-such-fault" in message


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["ingest", "--kb", "nobody"], "There is no knowledge base 'nobody'"),
        (["ingest", "--batch", "/no/such/file.jsonl"], "/no/such/file.jsonl"),
        (["ingest", "--mode", "weekly"], "kb.small.source.mode"),
        (["ingest", "--deletions", "x"], "deletions is only for mode = 'delta'"),
        (["ingest", "--chunk-overlap", "40"], "overlap_tokens (40) must be smaller"),
        (["ingest", "--chunk-size", "many"], "--chunk-size"),
        (["ingest", "--no-such-option"], "--no-such-option"),
        (["no-such-command"], "no-such-command"),
        (["promote", "v9.9.9", "--reason", "x"], "v9.9.9"),
        (["promote", "v1.0.0"], "--reason"),
        (["rollback"], "--reason"),
        (["rollback", "--reason", "x"], "no previous version"),
        (["rollback", "v9.9.9", "--reason", "x"], "v9.9.9"),
        (["show", "v9.9.9"], "v9.9.9"),
        (["diff", "v1.0.0", "v9.9.9"], "v9.9.9"),
        (["evaluate", "v9.9.9"], "v9.9.9"),
    ],
)
def test_a_mistake_of_usage_is_3_with_one_sentence(
    live_kb: SmallKb, kbgate: CommandLine, arguments: list[str], named: str
) -> None:
    code, message = kbgate.error(*arguments)
    assert code == USAGE
    assert named in message
    assert live_kb.live == "v1.0.0"


def test_wrong_settings_are_3(small_kb: SmallKb, kbgate: CommandLine) -> None:
    small_kb.configure(recall={"min_recal": 0.9})
    code, message = kbgate.error("versions")
    assert code == USAGE
    assert "kb.small.recall.min_recal" in message


def test_a_missing_settings_file_is_3(small_kb: SmallKb, kbgate: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, "/no/such/kbgate.toml")
    code, message = kbgate.error("versions")
    assert code == USAGE
    assert "/no/such/kbgate.toml" in message


def test_with_several_knowledge_bases_one_has_to_be_named(small_kb: SmallKb, kbgate: CommandLine) -> None:
    with small_kb.settings_file.open("a") as file:
        file.write("[kb.second]\nsource = { kind = 'jsonl', options = { path = 'x' } }\n")
    code, message = kbgate.error("versions")
    assert code == USAGE
    assert "--kb: second, small" in message
    assert kbgate("versions", "--kb", KB)[0] == PASSED


def test_a_knowledge_base_that_somebody_works_on_is_4(live_kb: SmallKb, kbgate: CommandLine) -> None:
    live_kb.reader().registry.acquire_lease(KB, "the nightly run", "ingest", 10)
    code, message = kbgate.error("ingest")
    assert code == INFRASTRUCTURE
    assert "being worked on by the nightly run (ingest)" in message


def test_a_registry_that_does_not_answer_is_4(
    live_kb: SmallKb, kbgate: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KBGATE_REGISTRY__DSN", "postgresql+pg8000://u:hunter2@127.0.0.1:1/kbgate")
    for arguments in (["versions"], ["rollback", "--reason", "x"], ["ingest"]):
        code, message = kbgate.error(*arguments)
        assert code == INFRASTRUCTURE
        assert "hunter2" not in message


@pytest.mark.parametrize(
    "arguments", [["versions"], ["ingest"], ["check"], ["evaluate"], ["rollback", "--reason", "x"]]
)
def test_an_artifact_root_that_is_no_folder_is_4(small_kb: SmallKb, kbgate: CommandLine, arguments: list[str]) -> None:
    (small_kb.folder / "artifacts").write_text("a file where a folder should be")
    code, message = kbgate.error(*arguments)
    assert code == INFRASTRUCTURE
    assert "artifacts" in message


@pytest.mark.parametrize("kind", ["numpy", "lancedb"])
def test_a_store_folder_that_cannot_be_used_is_4_and_leaves_live_alone(
    live_kb: SmallKb, kbgate: CommandLine, kind: str
) -> None:
    (live_kb.folder / "broken").write_text("a file where a folder should be")
    live_kb.configure(store={"kind": kind, "options": {"uri": str(live_kb.folder / "broken")}})
    live_kb.change(3)
    live_kb.write_documents()
    code, message = kbgate.error("ingest")
    assert code == INFRASTRUCTURE
    assert "store" in message
    assert live_kb.live == "v1.0.0"


@pytest.mark.parametrize(
    ("arguments", "kind", "code"),
    [
        (["show", "v9.9.9"], "UsageError", USAGE),
        (["versions", "--no-such-option"], "UsageError", USAGE),
        (["promote", "v1.0.0"], "UsageError", USAGE),
        (["ingest", "--batch", "/no/such/file.jsonl"], "SourceError", USAGE),
        (["ingest", "--kb", "nobody"], "SettingsError", USAGE),
    ],
)
def test_an_error_is_a_json_object_for_those_who_asked_for_one(
    live_kb: SmallKb, kbgate: CommandLine, arguments: list[str], kind: str, code: int
) -> None:
    found, out, err = kbgate(*arguments, "--json")
    error = json.loads(out)["error"]
    assert (found, error["kind"], error["exit_code"]) == (code, kind, code)
    assert err.endswith(f"kbgate: {error['message']}\n")


def test_what_the_operating_system_refuses_is_4(
    small_kb: SmallKb, kbgate: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device", "/data/kb")

    monkeypatch.setattr(inspection, "list_versions", refused)
    code, message = kbgate.error("versions")
    assert code == INFRASTRUCTURE
    assert "No space left on device: '/data/kb'" in message


def test_a_defect_keeps_its_traceback_and_is_no_verdict(
    small_kb: SmallKb, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("chunks")

    monkeypatch.setattr(inspection, "list_versions", broken)
    assert main(["versions", "--json"]) == INFRASTRUCTURE
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["kind"] == "KeyError"
    assert "Traceback" in printed.err
    assert "report it" in printed.err.splitlines()[-1]


@pytest.mark.parametrize("target", ["/dev/full", "a closed pipe"])
def test_output_that_cannot_be_written_is_4(live_kb: SmallKb, target: str) -> None:
    if target == "/dev/full":
        out = os.open(target, os.O_WRONLY)
    else:
        reader, out = os.pipe()
        os.close(reader)
    command = [sys.executable, "-m", "kbgate", "versions", "--json"]
    ended = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, env=os.environ, check=False)
    os.close(out)
    assert ended.returncode == INFRASTRUCTURE
    assert ended.stderr.startswith("kbgate: ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_ingest_leaves_a_report_and_no_lease(
    live_kb: SmallKb, kbgate: CommandLine, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def interrupted(run: Run) -> StageResult:
        # To this thread: another one that took it would let this one go on for a moment.
        signal.pthread_kill(threading.get_ident(), number)
        return StageResult(message="the signal did not arrive")

    monkeypatch.setattr(embed_chunks, "embed_chunks", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    live_kb.change(3)
    live_kb.write_documents()
    code, found = kbgate.json("ingest", "--run-id", "ended")
    assert (code, found["error"]["kind"]) == (INTERRUPTED, "Interrupted")
    (report,) = (live_kb.folder / "artifacts" / KB / "runs").glob("*ended*/report.json")
    headline = json.loads(report.read_text())["headline"]
    assert headline == "Stopped in embed_chunks: it was interrupted (Ctrl-C or SIGTERM). Live stays v1.0.0."
    assert live_kb.reader().registry.lease(KB) is None
    assert signal.getsignal(signal.SIGTERM) is before


def test_without_arguments_the_help_names_the_exit_codes(small_kb: SmallKb, kbgate: CommandLine) -> None:
    code, out, err = kbgate()
    assert code == USAGE
    assert "4 infrastructure" in " ".join((out + err).split())
    assert kbgate("--help")[0] == PASSED


def test_the_module_runs_as_a_process_with_the_same_exit_codes(live_kb: SmallKb) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kbgate", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)

    listed = run("versions", "--json")
    assert (listed.returncode, json.loads(listed.stdout)["live"]) == (PASSED, "v1.0.0")
    refused = run("show", "v9.9.9", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]["exit_code"]) == (USAGE, USAGE)
    assert refused.stderr.startswith("kbgate: ")


def test_a_failed_ingest_still_leaves_a_report(live_kb: SmallKb, kbgate: CommandLine) -> None:
    live_kb.batch.unlink()
    code, _ = kbgate.error("ingest", "--run-id", "broken")
    assert code == USAGE
    runs = [path for path in (live_kb.folder / "artifacts" / KB / "runs").iterdir() if "broken" in path.name]
    report = json.loads((runs[0] / "report.json").read_text())
    assert report["outcome"] == "error"
    assert report["headline"].startswith("Stopped in read_documents: ")
    assert report["headline"].endswith("Live stays v1.0.0.")
    run = Run(live_kb.settings, live_kb.request("x"))
    assert run.registry.lease(KB) is None


def test_the_lease_of_a_dead_run_can_be_given_back(live_kb: SmallKb, kbgate: CommandLine) -> None:
    registry = live_kb.reader().registry
    registry.acquire_lease(KB, "dead-run", "ingest", 10)
    assert main(["unlock", "--owner", "somebody-else"]) == USAGE
    assert registry.lease(KB) is not None
    assert main(["unlock", "--owner", "dead-run"]) == PASSED
    assert registry.lease(KB) is None


def test_an_ingest_after_a_rollback_waits_for_a_person_and_ends_with_2(live_kb: SmallKb, kbgate: CommandLine) -> None:
    live_kb.change(3)
    live_kb.write_documents()
    assert kbgate("ingest", "--reason", "nightly")[0] == PASSED
    assert kbgate("rollback", "--reason", "wrong prices")[0] == PASSED
    code, report = kbgate.json("ingest", "--reason", "nightly")
    assert (code, report["outcome"], live_kb.live) == (INCONCLUSIVE, "waiting", "v1.0.0")
    assert kbgate("promote", report["version"], "--reason", "the prices are right")[0] == PASSED
    assert live_kb.live == report["version"]
