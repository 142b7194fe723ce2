import csv
import io
import re
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest

from kbgate.artifacts import RunFolder
from kbgate.quality.quarantine import SCHEMA
from small_kb import KB, SmallKb, doc_id
from web_pages import BLOCKED, DAG_ID, FIRST, SECOND, browser, ingest, run_folder

PAGE = f"/kb/{DAG_ID}/quarantine"
CSV = f"/runs/{DAG_ID}/{quote(BLOCKED, safe='')}/quarantine.csv"
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "handler": '"><img src=x onerror=alert(1)>',
    "bidi": "price \u202e00.1$\u202c",
    "zero width": "pass\u200bword",
    "control": "bell\x07 and escape\x1b[31m",
    "template": "{{ 12345 * 67891 }}{% raw %}",
}


def key(kb: SmallKb, run_id: str) -> str:
    return run_folder(kb.settings, run_id).run_key


def spoil(kb: SmallKb, *rows: dict[str, Any]) -> RunFolder:
    """Replace the rows of the blocked run."""
    folder = run_folder(kb.settings, BLOCKED)
    empty = {**dict.fromkeys(SCHEMA.names), "rule": "markup", "severity": "critical"}
    folder.write_table("quarantine.parquet", pa.Table.from_pylist([{**empty, **row} for row in rows], SCHEMA))
    return folder


def test_the_page_opens_on_the_newest_run_and_names_each_row(web_kb: SmallKb) -> None:
    page = browser().get(PAGE)
    assert page.status_code == 200
    assert f'<option value="{key(web_kb, BLOCKED)}" selected>' in page.text
    assert "12 rows, one a document and reason" in page.text
    assert page.text.count("left out of the batch") == 12
    assert doc_id(0) in page.text
    assert "documents.jsonl, line 1" in page.text
    assert "Blocked: 30.8 %" in page.text


def test_another_run_can_be_chosen_and_may_have_no_rows(web_kb: SmallKb) -> None:
    page = browser().get(PAGE, params={"run": key(web_kb, SECOND)})
    assert page.status_code == 200
    assert "This run set no row aside." in page.text
    for run_id in (FIRST, SECOND, BLOCKED):
        assert f'<option value="{key(web_kb, run_id)}"' in page.text


def test_rows_are_filtered_by_reason_and_the_pages_keep_the_filter(web_kb: SmallKb) -> None:
    rows = [{"doc_id": f"d{n}", "rule": "markup" if n % 2 else "mojibake"} for n in range(240)]
    spoil(web_kb, *rows)
    page = browser().get(PAGE, params={"reason": "markup", "page": "2"}).text
    assert "120 rows" in page
    assert re.search(r">d101</th>|>d101<", page)
    assert "d100<" not in page
    assert "page 2 of 3" in page
    links = re.findall(r'href="([^"]*page=3)"', page)
    following = browser().get(links[0].replace("&amp;", "&")).text
    assert "page 3 of 3" in following
    assert "d239" in following


def test_a_real_offending_text_is_shown(web_kb: SmallKb) -> None:
    for number in range(12):
        web_kb.documents[number] = {**web_kb.documents[number], "text": f"Ã©â€œ\x07<br><b>{'x' * 3000}</b>" * 2}
    assert ingest(web_kb, "garbled") == "hold"
    page = browser().get(PAGE, params={"reason": "control_characters"}).text
    assert "Ã©â€œ[U+0007]&lt;br&gt;" in page
    assert re.search(r"… \[5,\d{3} more characters\]", page)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("field", ["doc_id", "title", "rule", "reason", "value", "severity", "source_uri", "excerpt"])
def test_hostile_text_is_shown_as_text(web_kb: SmallKb, name: str, field: str) -> None:
    spoil(web_kb, {field: HOSTILE[name]})
    page = browser().get(PAGE)
    assert page.status_code == 200
    for forbidden in ("<script>alert", "<img", "\u202e", "\u202c", "\u200b", "\x07", "\x1b", str(12345 * 67891)):
        assert forbidden not in page.text
    shown = {
        "bidi": "[U+202E RIGHT-TO-LEFT OVERRIDE]",
        "zero width": "[U+200B ZERO WIDTH SPACE]",
        "control": "[U+001B]",
    }
    assert shown.get(name, "") in page.text


def test_a_ten_megabyte_value_is_cut_and_the_cut_is_told(web_kb: SmallKb) -> None:
    spoil(web_kb, *({"doc_id": f"d{n}", "excerpt": "y" * 10_000_000 if n == 3 else "z" * 9000} for n in range(50)))
    page = browser().get(PAGE)
    assert len(page.content) < 1_000_000
    assert "9,999,000 more characters" in page.text


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"page": "abc"}, "Wanted: a whole number from 1"),
        ({"page": "-3"}, "Wanted: a whole number from 1"),
        ({"run": "../../"}, "which names no run"),
        ({"run": "/etc"}, "which names no run"),
        ({"run": "a/b"}, "which names no run"),
        ({"run": "x" * 5000}, "which names no run"),
        ({"run": "..%2f"}, "which names no run"),
        ({"reason": "nope"}, "Reasons that occur: empty_text"),
        ({"reason": "<script>"}, "Reasons that occur: empty_text"),
    ],
)
def test_what_does_not_exist_is_told_and_not_a_crash(web_kb: SmallKb, params: dict[str, str], said: str) -> None:
    answer = browser().get(PAGE, params=params)
    assert answer.status_code == 404
    assert said in answer.text
    assert "<script>" not in answer.text


def test_a_run_that_does_not_exist_is_named_beside_those_that_do(web_kb: SmallKb) -> None:
    answer = browser().get(PAGE, params={"run": "no-such-run"})
    assert answer.status_code == 200
    assert "no-such-run has no quarantine.parquet" in answer.text
    assert f'<option value="{key(web_kb, BLOCKED)}"' in answer.text


@pytest.mark.parametrize("content", [b"", b"PAR1", b"half" * 999])
def test_a_broken_file_is_named(web_kb: SmallKb, content: bytes) -> None:
    run_folder(web_kb.settings, BLOCKED).write_bytes("quarantine.parquet", content)
    page = browser().get(PAGE)
    assert page.status_code == 200
    assert "not a whole Parquet file" in page.text
    answer = browser().get(CSV)
    assert answer.status_code == 404
    assert "not a whole Parquet file" in answer.text


def test_a_damaged_file_with_a_whole_end_is_no_crash(web_kb: SmallKb) -> None:
    folder = spoil(web_kb, *({"doc_id": f"d{n}", "excerpt": f"text {n} " * 20} for n in range(400)))
    whole = folder.read_bytes("quarantine.parquet")
    for position in range(4, len(whole) - 8, max(1, len(whole) // 60)):
        spoilt = whole[:position] + b"\xff" * 7 + whole[position + 7 :]
        folder.write_bytes("quarantine.parquet", spoilt)
        for address in (PAGE, CSV):
            assert browser().get(address).status_code in (200, 404, 503)


def test_a_run_whose_report_is_missing_or_broken_can_still_be_browsed(web_kb: SmallKb) -> None:
    folder = run_folder(web_kb.settings, BLOCKED)
    folder.write_bytes("report.json", b"{")
    assert "Clear the run&#39;s report task" in browser().get(PAGE, params={"run": folder.run_key}).text
    folder.clear("report.json")
    page = browser().get(PAGE, params={"run": folder.run_key}).text
    assert "not finished" in page
    assert "12 rows" in page


@pytest.mark.parametrize("by", ["run", "key"])
def test_the_download_is_an_attachment_with_a_plain_name(web_kb: SmallKb, by: str) -> None:
    spoil(web_kb, {"doc_id": "=cmd|' /C calc'!A0", "title": "空白"}, {"doc_id": "plain"})
    address = CSV if by == "run" else f"{PAGE}.csv?run={key(web_kb, BLOCKED)}"
    answer = browser().get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = re.fullmatch(r'attachment; filename="([A-Za-z0-9_-]+\.csv)"', answer.headers["content-disposition"])
    assert name is not None
    assert name.group(1).startswith(f"quarantine_{KB}_")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["doc_id"] for row in rows] == ["'=cmd|' /C calc'!A0", "plain"]
    assert rows[0]["title"] == "空白"


def test_a_run_without_a_quarantine_has_no_download(web_kb: SmallKb) -> None:
    assert browser().get(f"/runs/{DAG_ID}/never/quarantine.csv").status_code == 404
    assert browser().get(f"{PAGE}.csv", params={"run": "../x"}).status_code == 404
    assert browser().get(f"{PAGE}.csv").status_code == 404


def test_a_knowledge_base_without_runs_says_what_to_do(small_kb: SmallKb) -> None:
    page = browser().get(PAGE)
    assert page.status_code == 200
    assert "Trigger the DAG <code>kb_ingest__small</code>" in page.text
