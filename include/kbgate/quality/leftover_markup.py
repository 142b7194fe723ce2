"""Count HTML that should have been removed when the text was extracted."""

import re

from kbgate.quality.text_form import without_code

_TAGS = (
    "a abbr article aside b blockquote body br button caption center code col dd details div dl dt em embed fieldset "
    "figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input label legend li link "
    "main meta nav noscript object ol option p path pre script section select small source span strong style sub summary "
    "sup svg table tbody td textarea tfoot th thead title tr u ul video"
)
# A tag name must be followed by what follows it in HTML, so that `List<String>`, `a < b` and <https://…> are text.
_LEFTOVER = re.compile(
    rf"</?(?:{'|'.join(_TAGS.split())})(?:\s[^<>]*)?/?>|<!--|<!doctype\s|"
    r"&(?:nbsp|amp|lt|gt|quot|apos|hellip|ndash|mdash|[lr][sd]quo|copy|reg|\#\d{2,6}|\#x[0-9a-f]{2,5});",
    re.IGNORECASE,
)


def count_leftover_markup(text: str) -> int:
    """Number of HTML tags, comments and entities outside Markdown code."""
    if "<" not in text and "&" not in text:
        return 0
    return sum(1 for _ in _LEFTOVER.finditer(without_code(text)))
