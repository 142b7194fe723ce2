"""What a section holds is what the reader of the page gets, whatever part of the pipeline made it."""

from lxml import html

from kbgate.results import GateResult, Measurement, Verdict
from kbgate.web.environment import environment
from kbgate.web.figures.figure import Figure
from kbgate.web.run_report import RunReport
from kbgate.web.section import Section, Table


def drawn(*sections: Section) -> html.HtmlElement:
    """The report of a run with these sections and nothing else."""
    report = RunReport("helpdesk", "hold", "Held.", (), (), (), "", sections, ())
    page = environment().get_template("run.html").render(root="", report=report, dag_id=None, run_key="run")
    return html.fromstring(page)


def section_of(page: html.HtmlElement, id: str) -> html.HtmlElement:
    (found,) = page.xpath(f"//section[@id='{id}']")
    return found


def test_a_section_needs_no_more_than_an_anchor_and_a_title() -> None:
    page = drawn(Section("changes", "What changed"))
    assert page.xpath("//nav//a[@href='#changes']/text()") == ["What changed"]
    assert section_of(page, "changes").text_content().split() == ["What", "changed"]
    assert not page.xpath("//h2[text()='Gates']")


def test_only_a_section_with_a_gate_stands_among_the_gates() -> None:
    failed = Measurement(name="low_share", value=0.5, threshold=0.3, direction="max", verdict=Verdict.FAILED)
    gate = GateResult(name="drift", verdict=Verdict.FAILED, measurements=(failed,), message="It drifted.")
    page = drawn(Section("changes", "What changed"), Section("drift", "Drift", gate))
    (gates,) = page.xpath("//table[caption[starts-with(text(), 'What each gate found')]]")
    assert gates.xpath(".//th[@scope='row']//text()") == ["drift"]
    assert "1 of 1 measurement did not pass." in section_of(page, "drift").text_content()


def test_notes_figures_and_tables_are_drawn_in_their_section() -> None:
    figure = Figure("Lengths", "<svg role='img'></svg>", ("Bin", "n"), (("0 to 16", "3"),))
    table = Table("Stages", ("Stage", "Seconds"), (("embed_chunks", 1.25), ("decide", None)))
    page = drawn(
        Section("a", "A", notes=("Nothing was kept.", ""), figures=(figure,), tables=(table,)), Section("b", "B")
    )
    found = section_of(page, "a")
    assert found.xpath("./p/text()") == ["Nothing was kept."]
    assert found.xpath(".//figcaption/text()") == ["Lengths"]
    cells = found.xpath(".//table[caption='Stages']/tbody/tr")
    assert [row.text_content() for row in cells] == ["embed_chunks1.25", "decide–"]
    assert not section_of(page, "b").xpath(".//table | .//figure | ./p")


def test_a_folded_table_waits_until_the_reader_asks() -> None:
    rows = (("page-1", 0.5),)
    tables = (Table("Open", ("Document", "Share"), rows), Table("Folded", ("Document", "Share"), rows, folded=True))
    found = section_of(drawn(Section("a", "A", tables=tables)), "a")
    assert found.xpath(".//details/summary/text()") == ["Folded"]
    assert found.xpath(".//details//caption/text()") == ["Folded"]
    assert set(found.xpath(".//caption/text()")) == {"Open", "Folded"}
