import pytest
from semantic_text_splitter import MarkdownSplitter, TextSplitter

from kbgate.chunkers.structural_splitter import StructuralSplitter
from kbgate.embedders.hashing_for_tests_only import HashingForTestsOnlyEmbedder
from kbgate.sections.chunker import ChunkerSettings
from kbgate.sections.embedder import EmbedderSettings

SETTINGS = ChunkerSettings(size_tokens=80, overlap_tokens=10)


@pytest.mark.parametrize("library_splitter", [TextSplitter, MarkdownSplitter])
def test_a_lone_heading_is_joined_to_what_follows(library_splitter, tokenizer):
    text = "# A\n\n## B\n\n" + "This sentence has six words. " * 30
    spans = StructuralSplitter(library_splitter, SETTINGS, tokenizer).spans(text)
    assert text[slice(*spans[0])].startswith("# A\n\n## B\n\nThis sentence")


def test_a_tokenizer_without_the_librarys_own_is_asked_by_callback():
    tokenizer = HashingForTestsOnlyEmbedder(EmbedderSettings()).tokenizer
    text = "一二三四五。" * 30
    spans = StructuralSplitter(TextSplitter, SETTINGS, tokenizer).spans(text)
    assert len(spans) > 1
    assert "".join(text[start:end] for start, end in spans[:1]) == text[: spans[0][1]]


def test_lone_surrogates_do_not_crash_and_offsets_stay_true(tokenizer):
    text = "\ud800 broken half of a pair \udfff"
    assert StructuralSplitter(TextSplitter, SETTINGS, tokenizer).spans(text) == [(0, len(text))]
