import re

from small_kb import SmallKb
from web_pages import browser


def test_the_files_are_sent_as_what_they_are(web_kb: SmallKb) -> None:
    assert browser().get("/style.css").headers["content-type"] == "text/css; charset=utf-8"
    assert browser().get("/theme.js").headers["content-type"] == "text/javascript; charset=utf-8"


def test_the_files_load_nothing_from_anywhere(web_kb: SmallKb) -> None:
    for name in ("/style.css", "/theme.js"):
        assert not re.search(r"url\(|@import|https?:|fetch|XMLHttp|eval|innerHTML", browser().get(name).text)


def test_every_colour_of_text_is_readable_on_both_papers(web_kb: SmallKb) -> None:
    style = browser().get("/style.css").text
    colours = dict(re.findall(r"--([\w-]+): light-dark\((#\w+, #\w+)\)", style))
    for theme in (0, 1):
        chosen = {name: pair.split(", ")[theme] for name, pair in colours.items()}
        for text in ("ink", "quiet", "link", "good", "bad", "open"):
            for ground in ("paper", "raised"):
                assert contrast(chosen[text], chosen[ground]) >= 4.5, (theme, text, ground)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours as WCAG 2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
