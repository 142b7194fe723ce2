import re
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from threading import Thread

import altair as alt
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree, html

from kbgate.web.figures.count_bars import count_bars
from kbgate.web.figures.render_chart import render_chart

KINDS = ["count_bars", "length_histogram", "similarity_histogram", "intent_bars", "chunk_map", "trend"]
ELEMENTS = {"svg", "g", "path", "circle", "line", "text", "title"}
ATTRIBUTES = set(
    [
        "width",
        "viewBox",
        "role",
        "aria-label",
        "class",
        "d",
        "r",
        "x2",
        "y2",
        "transform",
        "opacity",
        "fill",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "stroke-dasharray",
        "stroke-miterlimit",
        "font-family",
        "font-size",
        "font-weight",
        "text-anchor",
    ]
)
HOSTILE = [
    "<script>alert(1)</script>",
    "</text></svg><script>alert(1)</script>",
    "]]><!-- <![CDATA[ -->",
    '"onload=alert(1) x=\'" `',
    "javascript:alert(1)",
    "&lt;img src=x onerror=alert(1)&gt; &amp;",
    "abc\N{RIGHT-TO-LEFT OVERRIDE}gpj\N{LEFT-TO-RIGHT ISOLATE}\N{ZERO WIDTH SPACE}",
    "\x00\x08\x1b[31m\ud800\ufffe\uffff",
    "x" * 10_000,
    "詐騙" * 5_000,
    'datum["label"]',
    '{"signal": "1 + 1"}',
    "'];warn('x');['",
    "__proto__",
    "constructor",
    "a.b[0]['c']\\",
    "",
    " \n\t",
    "null",
    "2026-07-24",
    "1e5",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
def test_hostile_text_stays_text_in_every_kind_of_figure(every_kind, text):
    for figure in every_kind(text):
        for root in (etree.fromstring(figure.svg.encode()), html.fragment_fromstring(figure.svg)):
            for element in root.iter():
                assert etree.QName(element).localname in ELEMENTS
                assert {name.lower() for name in element.attrib} - {"xmlns"} <= {name.lower() for name in ATTRIBUTES}
        assert max(map(len, etree.fromstring(figure.svg.encode()).xpath("//text()"))) <= 40
        assert len(figure.svg) < 10_000
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", figure.svg)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(), max_size=60), min_size=1, max_size=5))
@example(["000000000000000" + "\N{MATHEMATICAL BOLD SCRIPT SMALL M}" * 9])
def test_every_label_has_its_bar_whatever_it_holds(marks, texts):
    figure = count_bars([(text, i + 1) for i, text in enumerate(texts)])
    assert len(marks(figure.svg, "rect")) == len(texts)
    assert [shape.text for shape in marks(figure.svg, "text")] == [str(i + 1) for i in range(len(texts))]


def test_the_picture_takes_the_colours_of_the_page(every_kind):
    for figure in every_kind("returns"):
        root = etree.fromstring(figure.svg.encode())
        assert {
            element.get("fill") for element in root.xpath("//*[local-name()='text']/ancestor-or-self::*[@fill]")
        } <= {
            "currentColor",
            "none",
        }
        colours = {
            value for element in root.iter() for name, value in element.attrib.items() if name in ("fill", "stroke")
        }
        assert colours <= {"none", "currentColor", "var(--kb-grid, #80808059)", "#1f7fc1", "#d55e00", "#7f7f7f"}
        assert "currentColor" in colours


def test_the_picture_has_a_name_and_shrinks_with_the_page(every_kind):
    for figure in every_kind('recall of "returns"'):
        root = etree.fromstring(figure.svg.encode())
        assert (root.get("role"), root.get("aria-label")) == ("img", 'recall of "returns"')
        assert root.get("width") == "640"
        assert root.get("height") is None
        assert re.fullmatch(r"0 0 640 \d+", root.get("viewBox"))


def test_two_figures_on_a_page_share_no_ids(every_kind):
    assert not [figure.title for figure in every_kind("returns") if re.search(r"\b(id|href)=|url\(", figure.svg)]


def test_the_same_values_give_the_same_picture(every_kind):
    first = every_kind("returns")
    for kind in KINDS:
        drawn = import_module(f"kbgate.web.figures.{kind}")._draw
        assert drawn.cache_info().currsize
        drawn.cache_clear()
    assert every_kind("returns") == first


def test_charts_drawn_at_the_same_time_do_not_mix():
    def draw(n: int) -> list[str]:
        svg = count_bars([(f"reason {n}", n)]).svg
        return [text for text in etree.fromstring(svg).xpath("//text()") if text in (f"reason {n}", str(n))]

    with ThreadPoolExecutor(6) as pool:
        shown = list(pool.map(draw, range(1001, 1025)))
    assert all(
        {f"reason {n}", str(n)} == set(texts) | {str(n)} for n, texts in zip(range(1001, 1025), shown, strict=True)
    )


def test_a_number_that_is_not_finite_is_refused():
    chart = alt.Chart(alt.NamedData("rows")).mark_bar().encode(x="x:Q")
    with pytest.raises(ValueError, match="not JSON compliant"):
        render_chart(chart, {"rows": [{"x": float("nan")}]}, "x")


def test_a_chart_that_is_clipped_is_refused_because_its_ids_would_clash():
    chart = alt.Chart(alt.NamedData("rows")).mark_bar(clip=True).encode(x="x:Q")
    with pytest.raises(ValueError, match="A chart came out with"):
        render_chart(chart, {"rows": [{"x": 1}]}, "x")


def test_no_chart_makes_a_request():
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'[{"x": 1}]')

        def log_message(self, *_):
            """Keep the test's output quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/rows.json"
        chart = alt.Chart(alt.UrlData(url)).mark_bar().encode(x="x:Q")
        with pytest.raises(ValueError, match=r".+"):
            render_chart(chart, {}, "x")
        server.shutdown()
    assert asked == []
