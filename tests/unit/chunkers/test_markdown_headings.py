from kbgate.chunkers.markdown_headings import MarkdownHeadingsChunker
from kbgate.records import Document
from kbgate.sections.chunker import ChunkerSettings


def cut(text, tokenizer, size=60, **options):
    settings = ChunkerSettings(kind="markdown_headings", size_tokens=size, overlap_tokens=0, options=options)
    return MarkdownHeadingsChunker(settings, tokenizer).chunk(Document("d", "t", text, "s"))


def body(words: int) -> str:
    return "word " * words + "\n\n"


def test_each_section_is_a_chunk_with_its_path(tokenizer):
    made = cut("# A\n\n" + body(40) + "## B\n\n" + body(40) + "## C\n\n" + body(40), tokenizer)
    assert [chunk.heading_path for chunk in made] == [("A",), ("A", "B"), ("A", "C")]
    assert made[1].text.startswith("## B")


def test_small_neighbours_of_one_parent_share_a_chunk_and_can_be_kept_apart(tokenizer):
    text = "## B\n\n" + body(20) + "## C\n\n" + body(20) + "## D\n\n" + body(20)
    assert [chunk.heading_path for chunk in cut(text, tokenizer)] == [("B",), ("D",)]
    assert [chunk.heading_path for chunk in cut(text, tokenizer, pack=False)] == [("B",), ("C",), ("D",)]


def test_sections_of_two_parents_are_never_packed(tokenizer):
    text = "# A\n\n" + body(55) + "## A1\n\n" + body(5) + "# B\n\n" + body(5) + "## B1\n\n" + body(5)
    made = cut(text, tokenizer)
    assert [chunk.heading_path for chunk in made] == [("A",), ("A", "A1"), ("B",)]
    assert "B1" in made[-1].text


def test_a_heading_without_text_goes_with_the_section_below_it(tokenizer):
    made = cut("# A\n\n## B\n\n" + body(50), tokenizer, pack=False)
    assert [chunk.text.split("\n")[0] for chunk in made] == ["# A"]
    made = cut("# A\n\n## B\n\n" + body(150), tokenizer)
    assert min(chunk.n_tokens for chunk in made) > 20


def test_a_large_section_is_split_and_every_part_keeps_the_path(tokenizer):
    made = cut("# A\n\n" + "A short sentence of seven words. " * 40, tokenizer)
    assert len(made) > 4
    assert {chunk.heading_path for chunk in made} == {("A",)}


def test_a_heading_in_a_code_fence_does_not_cut(tokenizer):
    made = cut("# A\n\n```\n# comment\necho\n```\n", tokenizer)
    assert [chunk.heading_path for chunk in made] == [("A",)]
