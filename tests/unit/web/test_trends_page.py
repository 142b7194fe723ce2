import json
import os
import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from kbgate.artifacts import RunFolder
from small_kb import KB, SmallKb
from web_pages import BLOCKED, DAG_ID, FIRST, SECOND, browser, run_folder

PAGE = f"/kb/{DAG_ID}/trends"


def test_the_page_opens_on_the_gate_that_blocked_last_and_marks_the_blocked_run(web_kb: SmallKb) -> None:
    page = browser().get(PAGE)
    assert page.status_code == 200
    assert "The last 3 runs that asked a gate" in page.text
    assert "1 of them was blocked" in page.text
    assert re.search(r'<h2 id="charts">Documents</h2>', page.text)
    assert "documents: empty text" in page.text
    assert "<svg" in page.text
    # The table behind the chart says it as well.
    assert re.search(r"<td>0\.3077</td><td>0\.02564</td><td>blocked</td>", page.text)


def test_every_gate_can_be_chosen_and_its_reported_numbers_are_folded_away(web_kb: SmallKb) -> None:
    page = browser().get(PAGE, params={"gate": "recall"}).text
    assert "recall: recall at k" in page
    assert "at least 0.85" in page
    assert re.search(r"<details><summary>Reported only \(\d+\)", page)
    for gate in ("documents", "chunks", "reconcile", "drift"):
        assert browser().get(PAGE, params={"gate": gate}).status_code == 200


def test_one_measurement_can_be_drawn_alone(web_kb: SmallKb) -> None:
    page = browser().get(PAGE, params={"gate": "recall", "measure": "recall_at_k[orders]"}).text
    assert page.count("<figure>") == 1
    assert "recall: recall at k[orders]" in page


@pytest.mark.parametrize(
    "params", [{"gate": "nope"}, {"gate": "recall", "measure": "../../x"}, {"measure": "<script>"}, {"gate": "\u202e"}]
)
def test_an_unknown_gate_or_measurement_is_a_page_that_says_so(web_kb: SmallKb, params: dict[str, str]) -> None:
    answer = browser().get(PAGE, params=params)
    assert answer.status_code == 404
    assert "last 90 runs" in answer.text
    assert "<script>" not in answer.text
    assert "\u202e" not in answer.text


def test_quality_by_source_is_shown_by_run(web_kb: SmallKb) -> None:
    page = browser().get(PAGE).text
    assert "12 of 39 (30.8 %)" in page
    assert "0 of 40 (0.0 %)" in page


def test_every_run_links_to_its_report(web_kb: SmallKb) -> None:
    page = browser().get(PAGE).text
    for run_id in (FIRST, SECOND, BLOCKED):
        assert f'href="/kb/{DAG_ID}/runs/{run_folder(web_kb.settings, run_id).run_key}"' in page


def test_a_knowledge_base_without_runs_says_what_to_do(web_kb: SmallKb) -> None:
    shutil.rmtree(web_kb.folder / "artifacts" / KB)
    page = browser().get(PAGE)
    assert page.status_code == 200
    assert "Trigger the DAG <code>kb_ingest__small</code>" in page.text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"gates": [{"name": 3}]}', b"\xff"])
def test_a_broken_report_is_named_and_the_other_runs_are_drawn(web_kb: SmallKb, content: bytes) -> None:
    run_folder(web_kb.settings, BLOCKED).write_bytes("report.json", content)
    page = browser().get(PAGE)
    assert page.status_code == 200
    assert "Clear the run&#39;s report task" in page.text
    assert "The last 2 runs that asked a gate" in page.text


@pytest.mark.parametrize("content", [b"", b"[]", b'{"by_source": 1}'])
def test_a_broken_summary_is_named(web_kb: SmallKb, content: bytes) -> None:
    run_folder(web_kb.settings, BLOCKED).write_bytes("quarantine_summary.json", content)
    page = browser().get(PAGE)
    assert page.status_code == 200
    assert "quarantine_summary.json has no counts by source" in page.text
    assert "0 of 40 (0.0 %)" in page.text


def test_hostile_names_of_gates_measures_and_sources_are_text(web_kb: SmallKb) -> None:
    hostile = "\u202e<script>alert(1)</script>"
    folder = run_folder(web_kb.settings, BLOCKED)
    report = folder.read_json("report.json")
    report["headline"] = hostile
    report["gates"][0]["name"] = hostile
    for measured in report["gates"][0]["measurements"]:
        measured["name"] = hostile + measured["name"]
    folder.write_json("report.json", report)
    rows = [{"source": hostile, "n_documents": 3, "n_quarantined": 1}]
    folder.write_json("quarantine_summary.json", {"by_source": rows})
    page = browser().get(PAGE, params={"gate": hostile})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "[U+202E RIGHT-TO-LEFT OVERRIDE]&lt;script&gt;" in page.text


def test_only_the_newest_ninety_runs_are_read_and_the_page_stays_small(web_kb: SmallKb) -> None:
    report = run_folder(web_kb.settings, SECOND).read_json("report.json")
    for number in range(120):
        began = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=number)
        folder = RunFolder(web_kb.settings.artifact_root, KB, f"night-{number}")
        folder.write_bytes("report.json", json.dumps({**report, "started_at": began.isoformat()}).encode())
        os.utime(f"{folder.uri}/report.json", (began.timestamp(), began.timestamp()))
    page = browser().get(PAGE, params={"gate": "recall"})
    assert "The last 90 runs that asked a gate" in page.text
    assert "2027-04-30" in page.text
    assert "2027-01-30" not in page.text
    assert len(page.content) < 1_000_000
