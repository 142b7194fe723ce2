"""The report of a run as a reader meets it."""

import time
from itertools import pairwise
from urllib.parse import quote

import pytest
from lxml import html

from kbgate.pipeline import GATES, STAGES
from small_kb import SmallKb
from web_pages import BLOCKED, DAG_ID, FIRST, SECOND, browser, page_of, run_folder, text_of


def test_the_banner_of_a_blocked_run_says_why_and_what_to_do(web_kb: SmallKb) -> None:
    banner = html.fromstring(page_of(BLOCKED)).xpath("//section[contains(@class, 'banner')]")[0].text_content()
    assert "Blocked: 30.8 % of documents have no text (12 of 39); the limit is 2.56 %. Live stays v1.0.1." in banner
    assert "mend the batch and run again" in banner


def test_every_gate_has_a_row_and_a_section_with_its_measurements(web_kb: SmallKb) -> None:
    page = html.fromstring(page_of(SECOND))
    gates = run_folder(web_kb.settings, SECOND).read_gates()
    assert set(gates) == set(GATES.values())
    for name, gate in gates.items():
        assert page.xpath(f"//a[@href='#{name}']"), name
        section = page.xpath(f"//section[@id='{name}']")[0].text_content()
        assert all(measurement.name.replace("_", " ") in section for measurement in gate.measurements)
    sections = page.xpath("//section/@id")
    assert [name for name in sections if name in GATES.values()] == list(GATES.values())
    assert sections[-2:] == ["changes", "decision"]


def test_run_ids_with_colons_and_plus_signs_find_their_run(web_kb: SmallKb) -> None:
    assert "Promoted v1.0.0" in page_of(FIRST)


def test_a_run_is_found_by_the_name_of_its_folder(web_kb: SmallKb) -> None:
    run_key = run_folder(web_kb.settings, SECOND).run_key
    assert browser().get(f"/kb/{DAG_ID}/runs/{run_key}").text == page_of(SECOND)
    assert browser().get(f"/kb/{DAG_ID}/runs/no-such-run").status_code == 200
    assert browser().get(f"/kb/{DAG_ID}/runs/no.such.run").status_code == 422


@pytest.mark.parametrize("task_id", [*STAGES, "roll_back", "no_such_task"])
def test_a_task_leads_to_a_section_that_is_there(web_kb: SmallKb, task_id: str) -> None:
    answer = browser(root_path="/airflow/kbgate").get(f"/runs/{DAG_ID}/{quote(FIRST, safe='')}/tasks/{task_id}")
    assert answer.status_code == 303
    address, _, anchor = answer.headers["location"].partition("#")
    assert address == f"/airflow/kbgate/runs/{DAG_ID}/{quote(FIRST, safe='')}"
    assert html.fromstring(page_of(FIRST)).xpath(f"//*[@id='{anchor}']")
    if task_id in GATES:
        assert anchor == GATES[task_id]


def test_a_run_of_another_dag_gets_a_polite_page(web_kb: SmallKb) -> None:
    answer = browser().get("/runs/somebody_elses/x")
    assert answer.status_code == 200
    assert "none of kbgate's" in text_of(answer.text)


def test_a_run_that_has_written_nothing_yet_gets_a_polite_page(web_kb: SmallKb) -> None:
    assert "Look again when its first task has ended" in text_of(page_of("tomorrow"))


def test_the_page_is_small_and_quick(web_kb: SmallKb) -> None:
    page_of(SECOND)
    began = time.perf_counter()
    page = page_of(SECOND)
    # Two cores are shared with other tests; alone it takes a tenth of this.
    assert time.perf_counter() - began < 2
    assert len(page.encode()) < 300_000


def test_headings_are_in_order_and_every_table_has_a_caption(web_kb: SmallKb) -> None:
    page = html.fromstring(page_of(BLOCKED))
    levels = [int(heading.tag[1]) for heading in page.xpath("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(table.xpath("caption") and table.xpath(".//th[@scope]") for table in page.xpath("//table"))
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
