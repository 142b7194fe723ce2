import json
from pathlib import Path

from lxml import html

from web_pages import SECOND, page_of, text_of


def test_a_run_without_a_report_shows_how_far_it_came(second_run: Path) -> None:
    (second_run / "report.json").unlink()
    (second_run / "stages" / "report.json").unlink()
    page = text_of(page_of(SECOND))
    assert "No report yet" in page
    assert "The last stage that ended is collect_garbage." in page
    stage = {"error": "The source is gone.", "seconds": 1.0, "peak_memory_mb": 1}
    (second_run / "stages" / "read_documents.json").write_text(json.dumps(stage))
    assert "Stopped in read_documents: The source is gone." in text_of(page_of(SECOND))


def test_a_rollback_shows_its_decision_and_no_empty_gates(second_run: Path) -> None:
    report = json.loads((second_run / "report.json").read_text())
    (second_run / "report.json").write_text(
        json.dumps({**report, "kind": "rollback", "headline": "Rolled back: live is v1."})
    )
    page = html.fromstring(page_of(SECOND))
    assert "Rolled back: live is v1." in page.text_content()
    assert page.xpath("//section/@id") == ["decision"]


def test_a_candidate_that_waits_says_once_why_and_is_not_called_blocked(second_run: Path) -> None:
    report = json.loads((second_run / "report.json").read_text())
    why = "v1.0.1 passed every gate and waits: v1.0.0 was rolled back by anna."
    values = {**report, "outcome": "waiting", "headline": why, "reasons": [why]}
    (second_run / "report.json").write_text(json.dumps(values))
    page = text_of(page_of(SECOND))
    assert "Waits for a person" in page
    assert "Blocked" not in page
    assert page.count(why) == 1
