"""Turn the SVG of a chart into one that may stand in any page: known parts only, no ids, small."""

import re
from functools import lru_cache
from itertools import groupby
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
NUMBERS = rf"{NUMBER}(?:[ ,]{NUMBER})*"
COLOUR = r"#[0-9a-f]{3,8}|currentColor|transparent|none|var\(--kb-[a-z0-9-]+, #[0-9a-f]{3,8}\)"
WORD = r"[a-z0-9-]+"

ELEMENTS = {"svg", "g", "path", "line", "text"}
ATTRIBUTES = {
    **dict.fromkeys(("width", "height", "viewBox", "x2", "y2", "opacity", "fill-opacity"), NUMBERS),
    **dict.fromkeys(("stroke-width", "stroke-miterlimit", "stroke-dasharray"), NUMBERS),
    **dict.fromkeys(("fill", "stroke"), COLOUR),
    **dict.fromkeys(("text-anchor", "font-family", "font-weight"), WORD),
    "class": r"[A-Za-z0-9_ -]*",
    "d": r"[MLHVZACQmlhvzacqe0-9 ,.-]*",
    "display": "none",
    "font-size": rf"{NUMBER}px",
    "transform": rf"(?:(?:translate|rotate)\({NUMBERS}\) ?)+",
}
"""What each attribute may hold, as a regular expression."""
LEFT_OUT = {"role", "aria-label", "aria-hidden", "aria-roledescription", "pointer-events", "version"}
"""Attributes of Vega that the figure does not need: its accessible name and its table say the same."""
CIRCLE = re.compile(r"M([0-9.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0Z?")
"""How Vega writes a round mark, in four times the characters of a <circle>."""
ROUNDED = {"d", "transform", "x2", "y2"}
INHERITED = ("fill", "stroke", "stroke-width", "font-family", "font-size", "text-anchor")
"""Attributes that a group can hold for all its children."""


def safe_svg(svg: str, name: str) -> str:
    """Return the SVG with `name` as its accessible name, its coordinates rounded to 0.1 px.

    A mark's description becomes its <title>, which browsers show under the pointer.

    Raises:
        ValueError: the SVG holds an element, attribute or value that a chart of ours has no need of.
    """
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise ValueError(f"A chart came out as XML that cannot be read: {error}.") from error
    _clean(root)
    _drop_invisible(root)
    _share_looks(root)
    # Without a height the browser keeps the proportions of the viewBox when the page makes the picture narrower.
    for attribute in ("height", "class"):
        root.attrib.pop(attribute, None)
    root.attrib |= {"xmlns": SVG.strip("{}"), "role": "img", "aria-label": name}
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element) -> None:
    namespace, tag = element.tag[: len(SVG)], element.tag[len(SVG) :]
    if namespace != SVG or tag not in ELEMENTS:
        raise ValueError(
            f"A chart came out with the element {element.tag!r}; only {', '.join(sorted(ELEMENTS))} may be shown."
        )
    element.tag = tag
    description = element.get("aria-label") if tag in ("path", "line") else None
    for attribute, value in list(element.attrib.items()):
        if attribute in LEFT_OUT or (attribute, value) == ("opacity", "1"):
            del element.attrib[attribute]
        else:
            element.set(attribute, _checked(attribute, value))
    for child in element:
        _clean(child)
    circle = CIRCLE.fullmatch(element.get("d", ""))
    if circle:
        element.tag, element.attrib = "circle", {**element.attrib, "r": circle[1]}
        del element.attrib["d"]
    if description:
        ElementTree.SubElement(element, "title").text = description


@lru_cache(maxsize=1024)
def _checked(attribute: str, value: str) -> str:
    """The value, rounded; kept because thousands of marks have the same shape and colour."""
    if attribute not in ATTRIBUTES or not re.fullmatch(ATTRIBUTES[attribute], value):
        raise ValueError(f"A chart came out with {attribute}={value[:80]!r}, which may not be shown.")
    if attribute not in ROUNDED:
        return value
    return re.sub(NUMBER, lambda number: f"{round(float(number[0]), 1) + 0:g}", value)


def _drop_invisible(element: ElementTree.Element) -> None:
    """Remove what Vega hides, and the empty and colourless frames that it puts around every group."""
    for child in list(element):
        _drop_invisible(child)
        hidden = child.get("display") == "none" or child.get("opacity") == "0"
        if hidden or child.get("class") in ("background", "foreground") or (child.tag == "g" and not len(child)):
            element.remove(child)


def _share_looks(element: ElementTree.Element) -> None:
    """Put neighbours that look the same into one group that says how they look: half the size with many marks."""
    for child in element:
        _share_looks(child)
    if element.tag != "g":
        return
    children = list(element)
    for looks, alike in groupby(children, key=lambda child: [(name, child.get(name)) for name in INHERITED]):
        same = list(alike)
        if len(same) < 2 or not any(value for _, value in looks):
            continue
        group = ElementTree.Element("g", {name: value for name, value in looks if value is not None})
        for child in same:
            for name in group.attrib:
                del child.attrib[name]
            group.append(child)
        position = list(element).index(same[0])
        element[position : position + len(same)] = [group]
