import pytest
from jinja2 import UndefinedError

from kbgate.web.environment import environment, number, segment, words


def drawn(template: str, **values: object) -> str:
    return environment().from_string(template).render(**values)


def test_every_value_is_escaped_and_made_visible() -> None:
    assert drawn("<p>{{ x }}</p>", x="<b>\u202e") == "<p>&lt;b&gt;[U+202E RIGHT-TO-LEFT OVERRIDE]</p>"


def test_a_value_cannot_leave_its_attribute() -> None:
    assert drawn('<a title="{{ x }}">', x='" onclick="alert(1)') == '<a title="&#34; onclick=&#34;alert(1)">'


def test_a_misspelt_name_in_a_template_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        drawn("{{ report.headlime }}", report={})


def test_numbers_are_written_for_people() -> None:
    assert [number(n) for n in (None, 0.25, 1 / 3, 12345, 12345.5, 2.0, "text", True)] == [
        "–",
        "0.25",
        "0.3333",
        "12,345",
        "12,345.5",
        "2",
        "text",
        "True",
    ]


def test_names_become_words_and_texts_become_one_part_of_a_path() -> None:
    assert words("mean_tokens") == "mean tokens"
    assert segment("manual__2026-11-24T05:00:00+00:00/../x") == "manual__2026-11-24T05%3A00%3A00%2B00%3A00%2F..%2Fx"


@pytest.mark.parametrize("name", ["index.html", "run.html", "problem.html", "macros.html"])
def test_only_figures_are_drawn_without_escaping(name: str) -> None:
    source = environment().loader.get_source(environment(), name)[0]  # type: ignore[union-attr]
    unescaped = [line.strip() for line in source.splitlines() if "|safe" in line.replace(" ", "")]
    assert unescaped == (['<div class="drawing">{{ figure.svg|safe }}</div>'] if name == "macros.html" else [])
