from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbgate.errors import SourceError, UsageError
from kbgate.quality import document_features
from kbgate.quality.document_features import COLUMNS, measure_documents
from kbgate.records import Document
from kbgate.sections.quality import QualitySettings
from quality_samples import collection, help_pages

SETTINGS = QualitySettings()


def page(text: str, doc_id: str = "a", title: str = "Title") -> Document:
    return Document(doc_id, title, text, "pages.jsonl", line=1)


def test_the_frame_has_the_promised_columns_and_types(tokenizer):
    frame = measure_documents(help_pages(5), tokenizer, SETTINGS)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == COLUMNS
    assert frame["line"].tolist() == [1, 2, 3, 4, 5]


def test_no_documents_give_an_empty_frame_of_the_same_shape(tokenizer):
    frame = measure_documents([], tokenizer, SETTINGS)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == COLUMNS


@pytest.mark.parametrize("text", ["\u0301\u0302", "", " \n\t", "\u200b\ufeff", "\u00a0\u3000", "null", " N/A ", "NaN"])
def test_a_text_with_nothing_to_read_has_no_characters(tokenizer, text):
    assert measure_documents([page(text)], tokenizer, SETTINGS)["text_chars"].tolist() == [0]


def test_later_occurrences_of_a_text_are_exact_duplicates_however_they_are_written(tokenizer):
    rest = " to reset a password in two steps" + " that everyone can follow" * 6
    pages = [page("How" + rest, "a"), page("Something else altogether", "b"), page("HOW " + rest + "\n", "c")]
    pages += [page("Ｈｏｗ" + rest, "d"), page("", "e"), page(" ", "f")]
    frame = measure_documents(pages, tokenizer, SETTINGS)
    assert frame["is_exact_duplicate"].tolist() == [False, False, True, True, False, False]
    assert frame["duplicate_of"].tolist() == ["", "", "a", "a", "", ""]
    assert not frame["is_stub_copy"].any()


def test_later_occurrences_of_a_short_text_are_stubs(tokenizer):
    pages = [page("See our general guide.", "a"), page("Something else.", "b"), page("See our  general guide.", "c")]
    frame = measure_documents(pages, tokenizer, SETTINGS)
    assert frame["is_stub_copy"].tolist() == [False, False, True]
    assert frame["duplicate_of"].tolist() == ["", "", "a"]
    assert not frame["is_exact_duplicate"].any()
    everything = measure_documents(pages, tokenizer, SETTINGS.model_copy(update={"stub_tokens": 0}))
    assert everything["is_exact_duplicate"].tolist() == [False, False, True]


def test_a_new_text_that_live_keeps_under_another_id_is_a_copy_of_it(tokenizer):
    pages = help_pages(4)
    live = measure_documents(pages, tokenizer, SETTINGS)
    copy, again = replace(pages[0], doc_id="copy"), replace(pages[0], doc_id="again")
    rewritten = replace(pages[1], text=pages[2].text)
    batch = [copy, again, rewritten, pages[3], page("Quite another answer, about the opening hours.", "new")]
    frame = measure_documents(batch, tokenizer, SETTINGS, live["doc_id"], live[["doc_id", "text_hash"]])
    assert frame["is_exact_duplicate"].tolist() == [True, True, True, False, False]
    assert frame["duplicate_of"].tolist() == ["page-0000", "page-0000", "page-0002", "", ""]


def test_a_text_that_moves_to_another_id_or_was_double_in_live_already_is_no_copy(tokenizer):
    pages = help_pages(3)
    live = measure_documents(pages, tokenizer, SETTINGS)[["doc_id", "text_hash"]].copy()
    live.loc[2, "text_hash"] = live.loc[1, "text_hash"]
    swapped = replace(pages[0], doc_id="new"), replace(pages[0], text="The answer is another one now, in other words.")
    frame = measure_documents([*swapped, pages[1]], tokenizer, SETTINGS, live["doc_id"], live)
    assert not frame["is_exact_duplicate"].any()


def test_a_near_copy_names_the_earlier_document(tokenizer):
    pages = help_pages(30)
    pages.append(replace(pages[3], doc_id="copy", text=pages[3].text + " Thank you."))
    last = measure_documents(pages, tokenizer, SETTINGS).iloc[-1]
    assert last["near_duplicate_of"] == "page-0003"
    assert 0.85 <= last["near_duplicate_similarity"] < 1
    assert not last["is_exact_duplicate"]


def test_where_batches_are_cut_changes_nothing(tokenizer, monkeypatch):
    pages = help_pages(40) + [replace(d, doc_id=f"{d.doc_id}-b", text=d.text + " End.") for d in help_pages(10)]
    whole = measure_documents(pages, tokenizer, SETTINGS)
    monkeypatch.setattr(document_features, "BATCH_DOCUMENTS", 7)
    assert measure_documents(pages, tokenizer, SETTINGS).equals(whole)
    monkeypatch.setattr(document_features, "BATCH_CHARS", 900)
    assert measure_documents(lambda: iter(pages), tokenizer, SETTINGS).equals(whole)


def test_a_word_for_missing_is_no_first_occurrence_of_a_text_that_reads_alike(tokenizer):
    frame = measure_documents([page("null", "a"), page("ｎｕｌｌ", "b"), page("ｎｕｌｌ", "c")], tokenizer, SETTINGS)
    assert frame["duplicate_of"].tolist() == ["", "", "b"]


def test_an_iterator_that_can_be_walked_once_is_refused(tokenizer):
    with pytest.raises(UsageError, match="Pass a list, or a function"):
        measure_documents(iter(help_pages(2)), tokenizer, SETTINGS)


@pytest.mark.parametrize("second", ["changed", "shorter"])
def test_a_source_that_changes_between_the_walks_is_an_error(tokenizer, second):
    pages = help_pages(5)
    pages.append(replace(pages[0], doc_id="copy", text=pages[0].text + " End."))
    later = pages[:3] if second == "shorter" else [replace(d, text=d.text[::-1]) for d in pages]
    walks = iter([pages, later])
    with pytest.raises(SourceError, match="changed during the run"):
        measure_documents(lambda: iter(next(walks)), tokenizer, SETTINGS)


def test_unknown_tokens_tell_that_the_model_cannot_read_chinese(tokenizer, shared_data):
    frame = measure_documents(collection(shared_data / "drcd_dev")[:100], tokenizer, SETTINGS)
    assert 0.5 < frame["n_unknown"].sum() / frame["n_tokens"].sum() < 0.65
    assert frame["unknown_share"].between(0, 1).all()
    assert (frame["language"] == "zh").all()


def test_code_at_the_top_of_a_page_does_not_hide_its_language(tokenizer):
    text = "```python\n" + "for x in range(10): print(x)\n" * 10 + "```\n" + help_pages(1)[0].text
    assert measure_documents([page(text)], tokenizer, SETTINGS)["language"].tolist() == ["en"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.text(st.characters(exclude_categories=[]), max_size=60), st.text(max_size=10)), max_size=5)
)
def test_any_text_can_be_measured(tokenizer, rows):
    pages = [page(text, f"d{i}", title) for i, (text, title) in enumerate(rows)]
    frame = measure_documents(pages, tokenizer, SETTINGS)
    assert frame["n_chars"].tolist() == [len(text) for text, _ in rows]
    assert frame["special_share"].between(0, 1).all()
