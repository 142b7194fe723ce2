import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.chunkers.sections import heading_path_at, sections_of


def paths(text: str) -> list[tuple[str, ...]]:
    return [section.path for section in sections_of(text)]


def test_paths_follow_the_levels_of_headings():
    text = "intro\n# A\na\n## B\nb\n#### C\nc\n## D\nd\n# E\n"
    assert paths(text) == [(), ("A",), ("A", "B"), ("A", "B", "C"), ("A", "D"), ("E",)]


def test_setext_headings_count_and_markup_is_dropped_from_titles():
    assert paths("Big *and* `code`\n===\n\n[Link](http://x)\n---\n") == [("Big and code",), ("Big and code", "Link")]


@pytest.mark.parametrize(
    "text",
    [
        "```\n# not\n```\n",
        "    # not\n",
        "- # in a list\n",
        "> # in a quote\n",
        "#no space\n",
        "<div>\n# in html\n</div>\n",
    ],
)
def test_what_only_looks_like_a_heading_opens_no_section(text):
    assert paths(text) == [()]


def test_front_matter_is_no_heading_and_lines_after_it_keep_their_place():
    text = "---\ntitle: x\nlong: y\n---\n\n# A\nbody\n"
    assert paths(text) == [(), ("A",)]
    assert text[sections_of(text)[1].start :] == "# A\nbody\n"


def test_a_thematic_break_at_the_top_is_not_front_matter():
    assert paths("---\n\n# A\n\n---\n") == [(), ("A",)]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_offsets_are_right_for_every_line_end_and_odd_separators(line_end):
    text = line_end.join(["# 一\u2028二", "x\x0by\x0cz\x85\u2029", "## B", "b"])
    first, second = sections_of(text)
    assert text[second.start : second.body] == "## B" + line_end
    assert text[second.body : second.end] == "b"
    assert second.path == ("一 二", "B")
    assert text[: first.body] == "# 一\u2028二" + line_end


@given(st.text(alphabet=st.sampled_from("# ab\n\r-=`一\u0301😀>\x00\u2028:"), max_size=80))
def test_sections_cover_any_text_without_gaps(text):
    sections = sections_of(text)
    assert "".join(text[section.start : section.end] for section in sections) == text
    assert all(section.start <= section.body <= section.end for section in sections)


def test_path_at_a_position_is_that_of_the_last_heading_above_it():
    text = "x\n# A\ny\n"
    sections = sections_of(text)
    assert heading_path_at(sections, 1) == ()
    assert heading_path_at(sections, 2) == ("A",)
    assert heading_path_at(sections, len(text)) == ("A",)
    assert heading_path_at([], 0) == ()
