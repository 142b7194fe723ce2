"""Text that wants to be markup, script or an invisible hand stays text, in every field that a run's files have."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lxml import html

from kbgate.web.standalone import report_html
from small_kb import KB, SmallKb
from web_pages import BLOCKED, DAG_ID, SECOND, browser, run_folder

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</style><style>*{display:none}</style>",
    "</details></table></section><h1>Promoted</h1>",
    "{{ 12345 * 67891 }}{% endblock %}",
    "<!-- ",
    "<a href=https://evil.example>click</a>",
    "\u202eevil\u2066\u200b",
    "nul\x00 escape\x1b[31m",
    "\ud800 alone",
    "x" * 5000,
]
# Words that decide how a file is read, not what it says.
FIXED = {"verdict", "mode", "direction", "severity", "origin", "outcome", "kind", "sha256", "schema_version", "run_key"}
BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b")


def spoilt(value: Any, text: str) -> Any:
    """The value with every text in it, keys of free tables too, replaced."""
    if isinstance(value, dict):
        return {
            text[:100] + key if key in ("empty_text", "en") else key: inner if key in FIXED else spoilt(inner, text)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [spoilt(inner, text) for inner in value]
    return text if isinstance(value, str) else value


def spoil_all(folder: Path, text: str) -> None:
    for file in folder.rglob("*.json"):
        if file.name != "decision.json":
            content = json.loads(file.read_text())
            name = content.get("name") if isinstance(content, dict) else None
            content = spoilt(content, text)
            if name:
                content["name"] = name
            file.write_text(json.dumps(content))


def check(page: str, script: list[str]) -> None:
    tree = html.fromstring(page)
    assert tree.xpath("//script/@src") == script
    assert not tree.xpath("//script[not(@src)]")
    assert not tree.xpath("//@*[starts-with(name(), 'on')]")
    assert not tree.xpath("//img|//iframe|//object|//embed|//form|//base|//foreignObject")
    assert len(tree.xpath("//style")) <= 1
    assert tree.xpath("count(//h1)") == 1
    for address in tree.xpath("//@href|//@src"):
        assert address.startswith(("/", "#")), address
    assert not BIDI & set(page)
    assert "\x00" not in page


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:24]) for text in HOSTILE])
@pytest.mark.parametrize("run_id", [SECOND, BLOCKED])
def test_hostile_text_in_every_field_is_shown_as_text(web_kb: SmallKb, run_id: str, text: str) -> None:
    spoil_all(Path(run_folder(web_kb.settings, run_id).uri), text)
    answer = browser().get(f"/runs/{DAG_ID}/{quote(run_id, safe='')}")
    assert answer.status_code == 200
    check(answer.text, ["/theme.js"])
    assert len(answer.content) < 1_000_000
    alone = report_html(web_kb.settings, KB, run_folder(web_kb.settings, run_id).run_key)
    check(alone, [])


def test_a_line_of_ten_megabytes_is_cut(web_kb: SmallKb) -> None:
    folder = run_folder(web_kb.settings, SECOND)
    line = "x" * 10_000_000
    folder.write_json("report.json", {**folder.read_json("report.json"), "headline": line, "reasons": [line]})
    gate = folder.read_gates()["drift"]
    moved = [{**row, "title": line} for row in gate.details["changed_most"]]
    folder.write_gate(gate.model_copy(update={"message": line, "details": {**gate.details, "changed_most": moved}}))
    answer = browser().get(f"/runs/{DAG_ID}/{quote(SECOND, safe='')}")
    assert "[9,999,000 more characters]" in answer.text
    assert len(answer.content) < 300_000


def test_hostile_documents_that_went_through_the_pipeline_are_shown_as_text(web_kb: SmallKb) -> None:
    for number, text in enumerate(HOSTILE[:12]):
        web_kb.documents[number]["title"] = text
        web_kb.documents[number]["text"] += " " + text
    web_kb.documents[20] = {**web_kb.documents[20], "doc_id": "<script>alert(1)</script>\u202e", "text": ""}
    finished = web_kb.run("hostile", reason="<b>because</b>", actor="<i>me</i>")
    folder = finished.run.folder
    page = browser().get(f"/kb/{DAG_ID}/runs/{folder.run_key}").text
    check(page, ["/theme.js"])
    assert "&lt;b&gt;because&lt;/b&gt;" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;[U+202E RIGHT-TO-LEFT OVERRIDE]" in page
    check(folder.read_bytes("report.html").decode(), [])
