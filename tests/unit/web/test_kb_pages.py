"""What holds for every page of a knowledge base: structure, links, and nothing loaded from elsewhere."""

import re
from itertools import pairwise

import lxml.html
import pytest

from small_kb import SmallKb
from web_pages import DAG_ID, browser

PAGES = [
    f"/kb/{DAG_ID}/versions",
    f"/kb/{DAG_ID}/diff?before=v1.0.0&after=v1.0.1",
    f"/kb/{DAG_ID}/trends",
    f"/kb/{DAG_ID}/quarantine",
]


@pytest.mark.parametrize("address", PAGES)
def test_headings_descend_step_by_step_and_every_table_is_named(web_kb: SmallKb, address: str) -> None:
    page = lxml.html.fromstring(browser().get(address).text)
    levels = [int(heading.tag[1]) for heading in page.xpath("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(table.xpath("caption") and table.xpath(".//th[@scope]") for table in page.xpath("//table"))
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert all(control.xpath("ancestor::label") for control in page.xpath("//select|//input"))


@pytest.mark.parametrize("address", PAGES)
def test_every_link_leads_somewhere_and_stays_here(web_kb: SmallKb, address: str) -> None:
    client = browser()
    text = client.get(address).text
    links = set(lxml.html.fromstring(text).xpath("//a/@href|//form/@action"))
    assert links
    for link in links:
        assert link.startswith("/"), link
        assert client.get(link).status_code == 200 or link.endswith("/diff"), link
    assert not re.search(r"(src|href|action)=.(https?:)?//", text)
    assert "style=" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("address", PAGES)
def test_the_pages_of_a_knowledge_base_lead_to_each_other(web_kb: SmallKb, address: str) -> None:
    text = browser(root_path="/airflow/kbgate").get(address).text
    for name in ("versions", "trends", "quarantine"):
        assert f'href="/airflow/kbgate/kb/{DAG_ID}/{name}"' in text
    assert not re.search(r'(href|src|action)="/(?!airflow/kbgate/)', text)
