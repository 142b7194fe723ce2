from dataclasses import replace

from kbgate.quality.document_features import measure_documents
from kbgate.quality.masks import RULES, row_masks, taken_out
from kbgate.quality.quarantine import EXCERPT_CHARS, SCHEMA, quarantine_table
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
    assert set(reasons) == {"control_characters", "mojibake", "markup", "special_characters"}
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
