from dataclasses import replace

import pyarrow as pa

from kbgate.quality import quarantine
from kbgate.quality.document_features import measure_documents
from kbgate.quality.masks import RULES, row_masks, taken_out
from kbgate.quality.quarantine import EXCERPT_CHARS, SCHEMA, quarantine_batches, quarantine_table, read_excerpts
from kbgate.quality.suites import suite_parameters
from kbgate.records import RejectedRow
from kbgate.sections.quality import QualitySettings
from quality_samples import help_pages, spoil

SETTINGS = QualitySettings()
PARAMETERS = suite_parameters(SETTINGS)


def test_a_document_has_one_row_for_each_of_its_reasons(tokenizer):
    pages = spoil(help_pages(5), [2], lambda text: "Ã©â€œ\x00<br>" * 20)
    pages[3] = replace(pages[3], title="")
    features = measure_documents(pages, tokenizer, SETTINGS)
    rows = quarantine_table(features, row_masks(features, PARAMETERS), []).to_pylist()
    reasons = {row["rule"]: row for row in rows if row["doc_id"] == "page-0002"}
    assert set(reasons) == {"control_characters", "mojibake", "some_mojibake", "markup", "special_characters"}
    assert reasons["control_characters"] == {
        "doc_id": "page-0002",
        "rule": "control_characters",
        "reason": RULES["control_characters"].reason,
        "value": "20",
        "severity": "critical",
        "taken_out": True,
        "source_uri": "pages.jsonl",
        "line": 3,
        "title": pages[2].title,
        "excerpt": None,
    }
    assert [(row["rule"], row["taken_out"]) for row in rows if row["doc_id"] == "page-0003"] == [("empty_title", False)]


def test_rejected_rows_keep_their_place_rule_and_beginning(tokenizer):
    features = measure_documents(help_pages(2), tokenizer, SETTINGS)
    rejected = [RejectedRow("pages.jsonl", 7, "encoding", "The line is not UTF-8.", "x" * 900)]
    table = quarantine_table(features, row_masks(features, PARAMETERS), rejected)
    row = table.to_pylist()[0]
    assert table.schema == SCHEMA
    assert (row["rule"], row["line"], row["taken_out"], row["doc_id"]) == ("encoding", 7, True, "")
    assert len(row["excerpt"]) == EXCERPT_CHARS


def test_nothing_wrong_gives_an_empty_table_of_the_same_schema(tokenizer):
    features = measure_documents(help_pages(3), tokenizer, SETTINGS)
    table = quarantine_table(features, row_masks(features, PARAMETERS), [])
    assert (table.num_rows, table.schema) == (0, SCHEMA)


def test_titles_markup_and_near_copies_are_reported_but_go_on(tokenizer):
    pages = spoil(help_pages(30), [1], lambda text: f"<p>{text}</p>")
    pages[2] = replace(pages[2], title="")
    pages.append(replace(pages[5], doc_id="near", text=pages[5].text + " Thanks."))
    features = measure_documents(pages, tokenizer, SETTINGS)
    masks = row_masks(features, PARAMETERS)
    assert {name for name, mask in masks.items() if mask.any()} == {"markup", "empty_title", "near_duplicate"}
    assert not taken_out(masks).any()


def batches_of(pages):
    return pa.table({"text": [page.text for page in pages]}).to_batches(max_chunksize=2)


def rows_with_excerpts(features, pages, rejected=()):
    masks = row_masks(features, PARAMETERS)
    tables = list(quarantine_batches(features, masks, rejected, read_excerpts(masks, batches_of(pages))))
    return pa.concat_tables(tables)


def test_a_documents_text_is_shown_with_the_number_of_characters_that_were_cut(tokenizer):
    pages = spoil(help_pages(5), [1, 3], lambda text: f"<b>{'y' * 1700}</b>")
    features = measure_documents(pages, tokenizer, SETTINGS)
    rejected = [RejectedRow("pages.jsonl", 7, "encoding", "The line is not UTF-8.", "kept")]
    table = quarantine_table(features, row_masks(features, PARAMETERS), rejected)
    filled = rows_with_excerpts(features, pages, rejected)
    assert filled.schema == SCHEMA
    assert filled.drop_columns("excerpt") == table.drop_columns("excerpt")
    excerpts = {row["doc_id"]: row["excerpt"] for row in filled.to_pylist()}
    assert excerpts[""] == "kept"
    assert excerpts["page-0001"] == pages[1].text[:EXCERPT_CHARS] + " … [1,207 more characters]"


def test_of_two_documents_with_one_id_each_shows_its_own_text(tokenizer):
    pages = help_pages(3)
    pages.append(replace(pages[0], text="Quite another text about invoices.", line=99))
    features = measure_documents(pages, tokenizer, SETTINGS)
    rows = rows_with_excerpts(features, pages).to_pylist()
    doubled = {row["line"]: row["excerpt"] for row in rows if row["rule"] == "doubled_doc_id"}
    assert doubled[99] == "Quite another text about invoices."
    assert all(excerpt and excerpt.startswith(pages[0].text[:40]) for line, excerpt in doubled.items() if line != 99)


def test_without_quarantined_documents_no_text_is_read(tokenizer):
    def nobody_may_read():
        raise AssertionError("read")
        yield

    features = measure_documents(help_pages(3), tokenizer, SETTINGS)
    assert read_excerpts(row_masks(features, PARAMETERS), nobody_may_read()) == {}


def test_of_a_batch_that_is_bad_as_a_whole_only_the_first_texts_are_held(tokenizer, monkeypatch):
    pages = spoil(help_pages(9), range(9), lambda text: f"<p>{text}</p>")
    features = measure_documents(pages, tokenizer, SETTINGS)
    monkeypatch.setattr(quarantine, "MAX_EXCERPTS", 5)
    shown = [row["excerpt"] is not None for row in rows_with_excerpts(features, pages).to_pylist()]
    assert shown == [True] * 5 + [False] * 4


def test_the_parts_of_a_large_quarantine_are_bounded_and_together_the_whole(tokenizer, monkeypatch):
    pages = spoil(help_pages(9), range(7), lambda text: f"<p>{text}\x00</p>")
    features = measure_documents(pages, tokenizer, SETTINGS)
    masks = row_masks(features, PARAMETERS)
    rejected = [RejectedRow("pages.jsonl", line, "encoding", "The line is not UTF-8.", "x") for line in range(5)]
    whole = quarantine_table(features, masks, rejected)
    monkeypatch.setattr(quarantine, "BATCH_ROWS", 3)
    parts = list(quarantine_batches(features, masks, rejected))
    assert [part.num_rows for part in parts] == [3, 2, 3, 3, 1, 3, 3, 1]
    assert pa.concat_tables(parts) == whole
