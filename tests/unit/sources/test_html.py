"""A folder of HTML: extraction, titles, encodings."""

import json

import pytest

from kbgate.errors import SettingsError, SourceError
from kbgate.records import Document
from kbgate.sources.html import HtmlSource

PAGE = """<!DOCTYPE html><html lang="en-GB"><head><title>Reset your password</title></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/docs">Docs</a></li></ul></nav>
<main><h1>Reset your password</h1><p>Click the reset link in the mail that we sent to you, then choose a new password.</p>
<h2>No mail?</h2><p>Look into the spam folder; the link is valid for one hour, then ask again for another one.</p>
<table><tr><th>Plan</th><th>Seats</th></tr><tr><td>Starter</td><td>2</td></tr></table></main>
<footer><p>Copyright Pebblecrate</p></footer><script>var tracking = 1;</script></body></html>"""


@pytest.fixture
def read(tmp_path):
    def read(content: str | bytes, **options):
        (tmp_path / "help").mkdir(exist_ok=True)
        (tmp_path / "help" / "page.html").write_bytes(
            content if isinstance(content, bytes) else content.encode("utf-8")
        )
        (tmp_path / "zz.htm").write_text(PAGE)
        first, last = HtmlSource({"path": str(tmp_path), **options}).read()
        assert isinstance(last, Document)
        return first

    return read


def test_page_becomes_its_main_text_with_title_language_and_relative_path(read):
    found = read(PAGE)
    assert (found.doc_id, found.title, found.lang, found.metadata) == (
        "help/page.html",
        "Reset your password",
        "en-GB",
        {},
    )
    assert "Click the reset link" in found.text
    assert "Starter" in found.text
    assert not any(word in found.text for word in ("Home", "Copyright", "tracking", "<"))


def test_boilerplate_is_kept_on_request(read):
    found = read(PAGE, boilerplate="keep")
    assert "Home" in found.text
    assert "tracking" not in found.text


def test_markdown_keeps_headings_and_tables_can_be_left_out(read):
    found = read(PAGE, format="markdown", include_tables=False)
    assert "## No mail?" in found.text
    assert "Starter" not in found.text


def test_fragment_without_html_element_is_read(read):
    found = read("<p>Short answer.</p>")
    assert (found.text, found.title) == ("Short answer.", "")


def test_page_without_text_is_left_to_the_quality_gate(read):
    assert read("<html><body></body></html>").text == ""


@pytest.mark.parametrize(
    ("charset", "codec", "word"),
    [
        ("big5", "big5", "密碼"),
        ("ISO-8859-1", "cp1252", "“café”"),
        ("gb2312", "gbk", "镕基"),
        ("utf-8", "utf-8-sig", "密碼"),
        ("hex", "utf-8", "é"),
    ],
)
def test_declared_encoding_is_obeyed_as_browsers_do(read, charset, codec, word):
    found = read(PAGE.replace("<head>", f'<head><meta charset="{charset}">').replace("reset link", word).encode(codec))
    assert f"Click the {word} in" in found.text


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (PAGE.replace("reset", "caf\xe9").encode("latin-1"), "encoding"),
        (PAGE.replace("<head>", '<head><meta charset="big5">').encode() + b"\xff\xff", "encoding"),
        (b"%PDF-1.7\n\0\0", "encoding"),
    ],
)
def test_file_that_is_no_page_is_rejected_by_name(read, content, rule):
    found = read(content)
    assert (found.rule, found.doc_id) == (rule, "help/page.html")


def test_folder_without_html_is_refused(tmp_path):
    (tmp_path / "x.md").write_text("x")
    with pytest.raises(SourceError, match=r"none of which ends in \.html"):
        list(HtmlSource({"path": str(tmp_path)}).read())


def test_answer_without_any_tag_is_read_as_text(read):
    assert read("Fish & chips.").text == "Fish & chips."


def test_folder_of_other_files_in_disguise_is_refused(tmp_path):
    (tmp_path / "x.html").write_text('{"error": 500}')
    with pytest.raises(SourceError, match="None of the 1 pages"):
        list(HtmlSource({"path": str(tmp_path)}).read())


def test_unknown_option_is_refused():
    with pytest.raises(SettingsError, match=r"source\.options\.boilerplate"):
        HtmlSource({"path": "x", "boilerplate": "maybe"})


def test_real_fragments_yield_the_words_of_their_plain_text(shared_data, tmp_path):
    faq = map(json.loads, (shared_data / "covidqa_faq" / "corpus.jsonl").read_text(encoding="utf-8").split("\n")[:-1])
    pages = {f"{row['doc_id']}.html": row for row in faq if row["html"]}
    for name, row in pages.items():
        (tmp_path / name).write_text(row["html"], encoding="utf-8")
    rows = list(HtmlSource({"path": str(tmp_path)}).read())
    assert [row.doc_id for row in rows] == sorted(pages)
    assert all(row.text for row in rows)
    whole = [row for row in rows if len(row.text) >= 0.8 * len(pages[row.doc_id]["text"])]
    assert len(whole) >= 0.9 * len(rows)
