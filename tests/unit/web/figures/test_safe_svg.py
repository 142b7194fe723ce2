import pytest
from lxml import etree

from kbgate.web.figures.safe_svg import safe_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'
FOREIGN = {
    "script": "<script>alert(1)</script>",
    "HTML": "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
    "link": "<a href='javascript:alert(1)'><text>x</text></a>",
    "old link": "<a xlink:href='https://example.org'><text>x</text></a>",
    "picture": "<image href='https://example.org/x.png'/>",
    "reference": "<use href='#x'/>",
    "style": "<style>text{fill:red}</style>",
    "definition": "<defs/>",
    "animation": "<set attributeName='href' to='javascript:alert(1)'/>",
    "element of no namespace": "<path xmlns='' d=''/>",
    "event": "<path d='M0,0' onload='alert(1)'/>",
    "inline style": "<path d='M0,0' style='fill:red'/>",
    "id": "<path d='M0,0' id='clip0'/>",
    "clip": "<g clip-path='url(#clip0)'/>",
    "fill from elsewhere": "<path d='M0,0' fill='url(https://example.org/#x)'/>",
    "variable of the page": "<path d='M0,0' fill='var(--secret)'/>",
    "text as a path": "<path d='javascript:alert(1)'/>",
    "text as a transform": "<g transform='translate(0,0) url(x)'/>",
    "text as a class": "<g class='a&quot;b'/>",
}


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_a_chart_does_not_need_is_refused(body):
    with pytest.raises(ValueError, match="A chart came out with"):
        safe_svg(f"{HEAD}<g>{body}</g></svg>", "x")


def test_xml_that_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="cannot be read"):
        safe_svg(f"{HEAD}<text>\x00</text></svg>", "x")


def test_the_name_and_descriptions_are_escaped():
    safe = safe_svg(
        f"{HEAD}<path aria-label='&lt;script&gt;]]&gt;&quot;' d='M1,1'/><text>&lt;b&gt;</text></svg>", "\"'<x>&"
    )
    assert "<script" not in safe
    assert "<b>" not in safe
    root = etree.fromstring(safe)
    assert root.get("aria-label") == "\"'<x>&"
    assert root.find(".//{*}title").text == '<script>]]>"'


def test_coordinates_are_rounded_and_round_marks_become_circles():
    radius = "2.1213"
    circle = f"M{radius},0A{radius},{radius},0,1,1,-{radius},0A{radius},{radius},0,1,1,{radius},0"
    safe = safe_svg(f"{HEAD}<path transform='translate(-0.04,12.3456)' d='{circle}'/></svg>", "x")
    mark = etree.fromstring(safe)[0]
    assert mark.tag == "{http://www.w3.org/2000/svg}circle"
    assert dict(mark.attrib) == {"transform": "translate(0,12.3)", "r": "2.1"}


def test_what_vega_hides_is_not_shown():
    body = "<text opacity='0'>a</text><g display='none'><text>b</text></g><text opacity='1'>c</text>"
    assert etree.fromstring(safe_svg(f"{HEAD}{body}</svg>", "x")).xpath("//text()") == ["c"]


def test_marks_that_look_the_same_keep_their_looks_and_their_order():
    looks = ["#111", "#222", "#222", "#111", "#111"]
    body = "".join(f"<path d='M{i},0' fill='{colour}'/>" for i, colour in enumerate(looks))
    root = etree.fromstring(safe_svg(f"{HEAD}<g>{body}</g></svg>", "x"))
    paths = list(root.iter("{*}path"))
    assert [path.get("d") for path in paths] == [f"M{i},0" for i in range(5)]
    assert [path.get("fill") or path.getparent().get("fill") for path in paths] == looks
