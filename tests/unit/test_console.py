import io
import json
from typing import Any

import pytest
from rich.console import Console

from kbgate import console
from kbgate.results import GateResult, Measurement, StageResult, Verdict


def measured(name: str, verdict: Verdict = Verdict.PASSED, **fields: Any) -> Measurement:
    defaults = {"value": 0.123456, "threshold": 0.02, "direction": "max", "n": 40, "ci_low": 0.1, "ci_high": 0.2}
    return Measurement.model_validate({"name": name, "verdict": verdict, **defaults, **fields})


GATES = [
    GateResult(
        name="documents",
        verdict=Verdict.FAILED,
        measurements=(
            measured("empty_text", Verdict.FAILED),
            measured("markup", Verdict.FAILED, severity="warning"),
            measured("not_there", Verdict.INCONCLUSIVE, value=None, ci_low=None, ci_high=None),
            measured("good_one"),
            measured("good_two"),
            measured("n_documents", direction="info", threshold=None),
        ),
        message="12.3 % of documents have no text [really].",
    ),
    GateResult(
        name="recall",
        mode="warn",
        verdict=Verdict.PASSED,
        measurements=(measured("recall_at_k[billing]", direction="min", value=0.91, threshold=0.85),),
        message="Recall is fine.",
    ),
]
REPORT = {
    "outcome": "hold",
    "headline": "Blocked: 12.3 % of documents have no text. Live stays v1.0.0.",
    "gates": [gate.model_dump(mode="json") for gate in GATES],
    "reasons": ["The documents gate: 12.3 % [sic] have no text."],
    "notes": ["Not measured, since the candidate was held before: recall."],
    "changes": {"added": 1, "changed": 2, "removed": 3, "unchanged": 4, "kept": 0},
    "embedding": {"message": "Of 9 chunks, 1 was embedded."},
    "folder": "/var/runs/one",
    "next": "mend the batch and run again",
}


def row_of(text: str, name: str) -> str:
    (row,) = [line for line in text.splitlines() if name in line]
    return " ".join(row.replace("│", " ").split())


def test_a_report_says_in_words_what_happened_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_report(REPORT, as_json=False)
    out = capsys.readouterr().out
    assert out.startswith("Blocked: 12.3 % of documents have no text. Live stays v1.0.0.\n")
    assert "Why: The documents gate: 12.3 % [sic] have no text." in out
    assert "Also: Not measured, since" in out
    assert "Documents: 1 added, 2 changed, 3 removed, 4 unchanged." in out
    assert "Of 9 chunks, 1 was embedded." in out
    assert "Files of this run: /var/runs/one" in out
    assert "Next: mend the batch and run again" in out


def test_the_table_shows_each_number_that_matters_and_counts_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_gates(GATES, "/var/runs/one", as_json=False)
    out = capsys.readouterr().out
    assert row_of(out, "empty_text") == "empty_text 0.1235 <= 0.02 40 0.100 to 0.200 failed"
    assert row_of(out, "markup").endswith("warning"), "a warning is not shown as a failure"
    assert row_of(out, "not_there") == "not_there not measured <= 0.02 40 inconclusive"
    assert row_of(out, "2 others").endswith("passed")
    assert row_of(out, "recall_at_k").startswith("recall_at_k[billing] 0.91 >= 0.85"), "brackets are no markup"
    assert row_of(out, "recall (warn)").endswith("passed")
    assert "n_documents" not in out
    assert "have no text [really]." in out


def test_json_is_one_object_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_report(REPORT, as_json=True)
    assert json.loads(capsys.readouterr().out) == REPORT
    console.show_gates(GATES, "/x", as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [GateResult.model_validate(gate) for gate in found["gates"]] == GATES


def test_no_versions_yet_comes_with_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_versions({"kb": "helpdesk", "versions": []}, as_json=False)
    assert "Run: kbgate ingest --kb helpdesk" in capsys.readouterr().out


def test_versions_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "version": "v1.0.1",
        "role": "live",
        "state": "promoted",
        "n_documents": 40,
        "n_chunks": 120,
        "recall": 0.98765,
        "parent": None,
        "actor": "[ada]",
        "created_at": "2026-11-01",
        "reason": "nightly [v2]",
    }
    console.show_versions({"kb": "helpdesk", "versions": [row]}, as_json=False)
    wanted = "v1.0.1 live promoted 40 120 0.988 [ada] 2026-11-01 nightly [v2]"
    assert row_of(capsys.readouterr().out, "v1.0.1") == wanted


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_narrow_terminal_drops_columns_and_never_cuts_a_version(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(console, "out", Console(**console.PLAIN, file=screen, width=width))
    row = {
        "version": "v1.12.10-hotfix.12",
        "role": "previous",
        "state": "collected",
        "n_documents": 40,
        "n_chunks": 120,
        "recall": 0.98765,
        "parent": "v1.12.10-hotfix.11",
        "actor": "ada",
        "created_at": "2026-11-01 02:00:00",
        "reason": "the prices of the export were mended by hand",
    }
    console.show_versions({"kb": "helpdesk", "versions": [row]}, as_json=False)
    out = screen.getvalue()
    assert max(len(line) for line in out.splitlines()) <= width
    assert row_of(out, "v1.12.10-hotfix.12").startswith("v1.12.10-hotfix.12 previous collected")
    assert "…" not in out
    assert ("Too narrow for: " in out) is (width < 140)


def test_even_a_tiny_terminal_shows_every_character_of_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(console, "out", Console(**console.PLAIN, file=screen, width=24))
    row = dict.fromkeys(console.VERSION_COLUMNS.values(), "") | {"version": "v1.2.1-hotfix.2", "state": "promoted"}
    console.show_versions({"kb": "helpdesk", "versions": [row]}, as_json=False)
    first = [line.split("│")[1].strip() for line in screen.getvalue().splitlines() if line.startswith("│")]
    assert "".join(first) == "v1.2.1-hotfix.2"


def test_a_version_shows_its_facts_gates_and_events(capsys: pytest.CaptureFixture[str]) -> None:
    event = {
        "at": "2026-11-01",
        "kind": "promoted",
        "version_from": None,
        "version_to": "v1.0.0",
        "actor": "ada",
        "reason": "[urgent] fix",
    }
    version = {"version": "v1.0.0", "facts": {"n_documents": 40}, "reason": "see [ticket]"}
    gates = [gate.model_dump(mode="json") for gate in GATES]
    console.show_version({"version": version, "gates": gates, "events": [event]}, as_json=False)
    out = capsys.readouterr().out
    assert row_of(out, "facts") == 'facts {"n_documents": 40}'
    assert row_of(out, "[ticket]") == "reason see [ticket]"
    assert row_of(out, "2026-11-01") == "2026-11-01 promoted v1.0.0 ada [urgent] fix"
    assert "empty_text" in out


def test_a_difference_names_the_first_documents_and_counts_all(capsys: pytest.CaptureFixture[str]) -> None:
    diff = {
        "old": "v1.0.0",
        "new": "v1.1.0",
        "added": [f"doc-{number}" for number in range(25)],
        "changed": ["a[1]"],
        "removed": [],
        "n_unchanged": 7,
        "settings": {"chunker.size_tokens": [40, 60]},
        "counts": {},
        "profile": {"tokens.mean": [1002.7999999999997, 443.87951807228916], "languages.en": [160, None]},
        "recall": [0.9, 0.95],
    }
    console.show_diff(diff, as_json=False)
    out = capsys.readouterr().out
    assert "added (25)" in out
    assert "…" in out
    assert "doc-24" not in out
    assert row_of(out, "changed (1)") == "changed (1) a[1]"
    assert "unchanged (7)" in out
    assert row_of(out, "chunker.size_tokens") == "chunker.size_tokens 40 60"
    assert row_of(out, "tokens.mean") == "tokens.mean 1,003 443.9"
    assert row_of(out, "languages.en") == "languages.en 160 None"
    assert row_of(out, "recall") == "recall 0.9 0.95"


def test_a_difference_in_nothing_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = {"added": [], "changed": [], "removed": [], "n_unchanged": 7, "settings": {}, "counts": {}, "profile": {}}
    console.show_diff({"old": "v1.0.0", "new": "v1.0.0", **nothing, "recall": [None, None]}, as_json=False)
    assert "what differs" not in capsys.readouterr().out


def test_an_event_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    result = StageResult(message="helpdesk is back on v1.0.0; it was v1.0.1.", summary={"version": "v1.0.0"})
    console.show_event(result, as_json=False)
    assert capsys.readouterr().out == "helpdesk is back on v1.0.0; it was v1.0.1.\n"
    console.show_event(result, as_json=True)
    assert json.loads(capsys.readouterr().out)["summary"] == {"version": "v1.0.0"}


def test_batches_and_faults_are_printed_with_the_command_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_faults({"incident": "15 % empty"}, as_json=False)
    assert row_of(capsys.readouterr().out, "incident") == "incident 15 % empty"
    batch = {"description": "15 % empty.", "path": "var/sample", "command": "kbgate ingest --batch var/sample"}
    console.show_batch(batch, as_json=False)
    assert "Try it: kbgate ingest --batch var/sample" in capsys.readouterr().out


def test_no_progress_is_drawn_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with console.stages(quiet=False) as on_stage:
        on_stage("open_run", None)
        on_stage("open_run", StageResult(message="Live is nothing yet."))
    assert capsys.readouterr().out == ""


def test_a_terminal_shows_each_stage_as_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=screen, force_terminal=True, color_system=None, width=100))
    with console.stages(quiet=False) as on_stage:
        on_stage("open_run", None)
        on_stage("open_run", StageResult(message="Live is [nothing] yet."))
    assert "open_run         Live is [nothing] yet." in screen.getvalue()
