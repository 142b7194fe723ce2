"""A folder of Markdown: front matter, titles and ids."""

import json

import pytest

from kbgate.errors import SourceError
from kbgate.records import Document
from kbgate.sources.markdown import MarkdownSource


@pytest.fixture
def read(tmp_path):
    def read(content: str | bytes, name: str = "guide/reset-password.md"):
        path = tmp_path / "kb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        (tmp_path / "kb" / "zz.md").write_text("A good page.")
        first, last = MarkdownSource({"path": str(tmp_path / "kb")}).read()
        assert last.text == "A good page."
        return first

    return read


def test_front_matter_becomes_fields_and_metadata_and_leaves_the_text(read):
    found = read(
        "---\ntitle: Reset\nupdated_at: 2026-06-03\nlang: en\ntags: [a, b]\nday: 2026-01-02\n---\n\n# Body\n\nText.\n"
    )
    assert (found.doc_id, found.title, found.text) == ("guide/reset-password.md", "Reset", "# Body\n\nText.")
    assert (found.updated_at, found.lang) == ("2026-06-03", "en")
    assert found.metadata == {"tags": ["a", "b"], "day": "2026-01-02"}
    assert found.source_uri.endswith("/kb/guide/reset-password.md")


def test_front_matter_keys_named_like_fields_stay_metadata(read):
    found = read("---\ndoc_id: 5\ntext: other\n---\nBody")
    assert (found.doc_id, found.text) == ("guide/reset-password.md", "Body")
    assert found.metadata == {"doc_id": 5, "text": "other"}


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("---\ntitle: 2026\n---\n# H", "2026"),
        ("---\ntitle: ''\n---\n# From heading", "From heading"),
        ("```\n# a comment\n```\n\nIntro\n\n## **Bold** [link](x) `code`\n", "Bold link code"),
        ("Old\n===\n\n# New", "Old"),
        ("No heading here, only #hashtag.", "reset-password"),
        ("", "reset-password"),
    ],
)
def test_title_is_front_matter_else_first_heading_else_file_stem(read, content, title):
    assert read(content).title == title


@pytest.mark.parametrize(
    "content",
    [
        "Intro\n\n---\na: b\n---\nEnd",
        "---\nA rule, then prose.\n\n---\nMore prose.",
        "---\nA rule: then prose, which: is no YAML.\n",
        "---\n\nnote: after a rule\n",
        "{\n\nbrace",
    ],
)
def test_text_that_only_looks_like_front_matter_is_kept_whole(read, content):
    found = read(content)
    assert found.text == content.strip()
    assert found.metadata == {}


@pytest.mark.parametrize("content", ["---\ntitle: T\ntags: [a]\n\n# Body\n\nText.", "---\nnever: closed\n"])
def test_front_matter_that_is_never_closed_is_rejected(read, content):
    found = read(content)
    assert (found.rule, found.line) == ("malformed", 1)
    assert found.reason.startswith("The front matter opened on line 1 is never closed.")


def test_byte_order_mark_is_tolerated(read):
    assert read("\ufeff---\ntitle: T\n---\nx").title == "T"


@pytest.mark.parametrize(
    ("content", "rule", "line"),
    [
        ("---\ntitle: T\nnote: a: b\n---\nx", "malformed", 3),
        ("---\nday: 2026-13-45\n---\nx", "malformed", 1),
        ("---\na: !!python/object:os.system x\n---\nx", "malformed", 2),
        ("---\ntitle: [a, b]\n---\nx", "wrong_type", None),
        (b"fine\ncaf\xe9\n", "encoding", 2),
        ("Straße".encode("utf-16"), "encoding", 1),
    ],
)
def test_bad_file_is_rejected_by_name_and_the_others_are_read(read, content, rule, line):
    found = read(content)
    assert (found.rule, found.line, found.doc_id) == (rule, line, "guide/reset-password.md")
    assert found.source_uri.endswith("guide/reset-password.md")


def test_folder_without_markdown_is_refused(tmp_path):
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(SourceError, match=r"none of which ends in \.md"):
        list(MarkdownSource({"path": str(tmp_path)}).read())


def test_file_that_vanishes_between_listing_and_reading_is_named(tmp_path):
    (tmp_path / "a.md").write_text("a")
    (tmp_path / "b.md").write_text("b")
    rows = MarkdownSource({"path": str(tmp_path)}).read()
    next(rows)
    (tmp_path / "b.md").unlink()
    with pytest.raises(SourceError, match=r"b\.md vanished"):
        list(rows)


@pytest.mark.parametrize(
    ("snapshot", "count"), [("t0_2025-10-01", 129), ("t1_2026-04-01", 133), ("t2_2026-07-24", 132)]
)
def test_real_documentation_is_read_whole_with_its_titles(shared_data, snapshot, count):
    folder = shared_data / "docs_plausible" / snapshot
    rows = list(MarkdownSource({"path": str(folder / "docs")}).read())
    assert len(rows) == count
    assert all(isinstance(row, Document) and not row.text.startswith("---") for row in rows)
    listed = map(json.loads, (folder / "corpus.jsonl").read_text(encoding="utf-8").split("\n")[:-1])
    assert {row.doc_id: row.title for row in rows} == {page["doc_id"]: page["title"] for page in listed}
