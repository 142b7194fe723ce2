import json
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from small_kb import SmallKb
from web_pages import BLOCKED, SECOND, page_of, run_folder


def test_a_gate_that_is_not_known_is_drawn_as_the_others_are(second_run: Path, web_kb: SmallKb) -> None:
    gate = run_folder(web_kb.settings, SECOND).read_gates()["recall"]
    unknown = gate.model_copy(update={"name": "telepathy", "message": "Read minds: 3 of 4."})
    (second_run / "gates" / "telepathy.json").write_text(unknown.model_dump_json())
    section = html.fromstring(page_of(SECOND)).xpath("//section[@id='telepathy']")[0]
    assert "Read minds: 3 of 4." in section.text_content()
    assert "recall at k" in section.text_content()


def test_a_run_that_was_compared_with_live_has_its_figures(web_kb: SmallKb) -> None:
    captions = html.fromstring(page_of(SECOND)).xpath("//figcaption/text()")
    for title in ("Length of documents", "Length of chunks", "Similarity", "Map of chunks", "Recall by intent"):
        assert any(title in caption for caption in captions), (title, captions)
    assert "Rows by reason" in html.fromstring(page_of(BLOCKED)).xpath("//figcaption/text()")


def test_what_was_not_measured_is_said(web_kb: SmallKb) -> None:
    for section in html.fromstring(page_of(BLOCKED)).xpath("//section[@id='drift' or @id='recall']"):
        assert "Not measured in this run." in section.text_content()


@pytest.mark.parametrize("gate", ["documents", "chunks", "drift", "recall"])
@pytest.mark.parametrize("value", [7, "text", [], {}, None, [[]], [{"a": 1}], -1, 1e400])
def test_details_of_another_shape_spoil_no_page(second_run: Path, gate: str, value: Any) -> None:
    file = second_run / "gates" / f"{gate}.json"
    content = json.loads(file.read_text())
    for key in content["details"]:
        spoilt = {**content, "details": {**content["details"], key: value}}
        file.write_text(json.dumps(spoilt))
        assert "Decision" in page_of(SECOND)
