import re

import pytest
from lxml import html

from kbgate.errors import SettingsError, UsageError
from kbgate.web.standalone import report_html
from small_kb import KB, SmallKb
from web_pages import BLOCKED, SECOND, run_folder


def test_the_file_needs_nothing_else(web_kb: SmallKb) -> None:
    page = report_html(web_kb.settings, KB, run_folder(web_kb.settings, SECOND).run_key)
    tree = html.fromstring(page)
    assert not tree.xpath("//script|//link|//img|//iframe")
    assert all(address.startswith("#") for address in tree.xpath("//@href"))
    assert not re.search(r"url\(|@import", page)
    assert "light-dark(" in tree.xpath("//style/text()")[0]
    assert tree.xpath("//svg")


def test_the_stage_writes_it_beside_the_report(web_kb: SmallKb) -> None:
    folder = run_folder(web_kb.settings, BLOCKED)
    written = folder.read_bytes("report.html").decode()
    assert "Blocked: 30.8 % of documents have no text" in written
    assert '<section id="decision"' in written


def test_a_run_that_does_not_exist_is_named(web_kb: SmallKb) -> None:
    with pytest.raises(UsageError, match="no-such-run"):
        report_html(web_kb.settings, KB, "no-such-run")
    with pytest.raises(SettingsError, match="elsewhere"):
        report_html(web_kb.settings, "elsewhere", "x")
