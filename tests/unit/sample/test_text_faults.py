import operator
import re
from dataclasses import replace
from random import Random

import pytest

from kbgate.quality.mojibake import count_mojibake
from kbgate.records import Document
from kbgate.sample import text_faults

PAGES = [
    Document(
        f"{'billing' if n < 20 else 'orders'}/page-{n:02}.md",
        f"Page {n}",
        f"We don't close page {n} before noon.\n\nSecond paragraph number {n} with more words than the first one has.",
        "",
        metadata={"category": "billing" if n < 20 else "orders"},
    )
    for n in range(40)
]
FAULTS = [
    name
    for name, value in vars(text_faults).items()
    if getattr(value, "__module__", "") == text_faults.__name__
    and not name.startswith("_")
    and name not in ("change_some", "shorten", "some_of_topic")
]


def spoilt(fault, share=0.1):
    """The documents that a fault changed, as (before, after)."""
    batch = getattr(text_faults, fault)(PAGES, Random(1), share)
    assert [document.doc_id for document in batch] == [document.doc_id for document in PAGES]
    return [(old, new) for old, new in zip(PAGES, batch, strict=True) if old != new]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_spoils_its_share_and_neither_adds_nor_drops_a_document(fault):
    changed = spoilt(fault)
    assert len(changed) == 4
    for old, new in changed:
        assert (new.title != old.title) == (fault in ("empty_title", "title_and_text_swapped"))
        assert (new.text != old.text) == (fault != "empty_title")


@pytest.mark.parametrize("fault", ["empty_text", "whitespace_text"])
def test_an_empty_text_shows_nothing(fault):
    invisible = "\u200b\ufeff"
    assert all(not new.text.strip().strip(invisible + " \u00a0\n") for _, new in spoilt(fault))


def test_a_shortened_text_ends_with_a_whole_word():
    assert text_faults.shorten("alpha beta gamma", 0.8) == "alpha beta"
    assert text_faults.shorten("alpha", 0.1) == "a"


def test_mojibake_is_seen_as_such_and_the_page_before_is_not():
    for old, new in spoilt("mojibake"):
        assert count_mojibake(old.text) == 0
        assert count_mojibake(new.text) >= 3


def test_a_file_that_is_not_utf8_holds_single_bytes_of_windows_1252():
    for _, new in spoilt("invalid_utf8"):
        content = new.text.encode("utf-8", "surrogateescape")
        with pytest.raises(UnicodeDecodeError):
            content.decode("utf-8")
        assert "don\u2019t" in content.decode("cp1252")


@pytest.mark.parametrize("fault", ["repeated_header", "named_header", "numbered_header"])
def test_a_header_stands_above_a_text_that_is_otherwise_the_same(fault):
    headers = []
    for old, new in spoilt(fault):
        assert new.text.endswith(f"\n\n{old.text}")
        headers.append(new.text.removesuffix(old.text))
    assert len(set(headers)) == (1 if fault == "repeated_header" else len(headers))


def test_a_gutted_topic_keeps_only_first_words_of_its_own_pages():
    for old, new in spoilt("key_topic_gutted"):
        assert old.metadata["category"] == "billing"
        assert old.text.startswith(new.text)
        assert len(new.text) <= 0.15 * len(old.text)


def test_swapped_bodies_are_those_of_the_other_category():
    owner = {document.text: document.metadata["category"] for document in PAGES}
    changed = spoilt("text_swapped_between_documents", 1.0)
    assert len(changed) == 40
    assert all(owner[new.text] != new.metadata["category"] for _, new in changed)


def test_word_salad_deals_the_same_words_anew():
    changed = spoilt("word_salad", 0.5)
    before, after = (sorted(" ".join(page.text for page in pages).split()) for pages in zip(*changed, strict=True))
    assert before == after


def test_swapped_bodies_of_a_single_category_are_those_of_another_document():
    pages = [replace(page, metadata={}) for page in PAGES]
    batch = text_faults.text_swapped_between_documents(pages, Random(1), 1.0)
    assert all(old.text != new.text for old, new in zip(pages, batch, strict=True))
    assert sorted(page.text for page in batch) == sorted(page.text for page in pages)


def test_every_document_can_get_a_text_in_another_language():
    assert len(spoilt("wrong_language", 1.0)) == len(PAGES)


def test_scrambled_numbers_keep_their_length_and_every_word():
    for old, new in spoilt("numbers_scrambled"):
        assert re.sub(r"\d", "0", old.text) == re.sub(r"\d", "0", new.text)


def test_an_injected_instruction_is_a_paragraph_of_its_own():
    for old, new in spoilt("injected_instructions"):
        paragraphs = new.text.split("\n\n")
        (added,) = [paragraph for paragraph in paragraphs if paragraph not in old.text.split("\n\n")]
        assert added in text_faults.INSTRUCTIONS


def test_a_swap_of_columns_keeps_both_values():
    assert all((new.title, new.text) == (old.text, old.title) for old, new in spoilt("title_and_text_swapped"))


def test_a_scanner_misreads_about_a_tenth_of_the_letters():
    page = replace(PAGES[0], text="the quick brown fox jumps over the lazy dog " * 50)
    (misread,) = text_faults.ocr_noise([page], Random(1), 1.0)
    kept = sum(map(operator.eq, page.text.replace(" ", ""), misread.text.replace(" ", "")))
    assert 0.85 < kept / len(page.text.replace(" ", "")) < 0.95


def test_one_change_is_applied_to_a_share_and_the_order_stays():
    batch = text_faults.change_some(PAGES, Random(1), 0.25, lambda document: replace(document, text="x"))
    assert sum(document.text == "x" for document in batch) == 10
    assert [document.doc_id for document in batch] == [document.doc_id for document in PAGES]
