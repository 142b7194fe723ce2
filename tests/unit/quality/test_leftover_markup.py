import pytest

from kbgate.quality.leftover_markup import count_leftover_markup


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>One</p>", 2),
        ("A&nbsp;blank &amp; more", 2),
        ('See <a href="/x">this</a>.<br/>', 3),
        ("<!-- hidden --> <DIV class='a'>", 2),
        ("&#8217;s and &#x2019;s", 2),
    ],
)
def test_tags_comments_and_entities_are_counted(text, expected):
    assert count_leftover_markup(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "```html\n<p>kept as an example</p>\n```\nText",
        "~~~\n<div>&nbsp;</div>\n~~~",
        "Write `<br>` where the line ends.",
        "Go to <https://example.com/a?b=1&c=2>.",
        "A `List` and a Map<String, List<Int>> where a < b && b > c",
        "R&D; AT&T; x <- 3",
        "Use <your name> here",
        "",
    ],
)
def test_code_autolinks_and_generics_are_not_leftovers(text):
    assert count_leftover_markup(text) == 0


def test_markup_after_a_closed_fence_is_still_found():
    assert count_leftover_markup("```\n<p>\n```\n<p>left</p>\n```\n<b>\n```") == 2
