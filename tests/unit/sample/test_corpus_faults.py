from random import Random

import pytest

from kbgate.records import Document
from kbgate.sample import corpus_faults

PAGES = [
    Document(
        f"{'billing' if n < 20 else 'orders'}/page-{n:02}.md",
        f"Page {n}",
        "\n\n".join(f"Paragraph {part} of page {n} says something." for part in range(5)),
        "",
        updated_at=f"2026-{n // 4 + 1:02}-15",
        metadata={"category": "billing" if n < 20 else "orders"},
    )
    for n in range(40)
]


def ids(documents):
    return [document.doc_id for document in documents]


def test_a_copy_has_the_same_text_under_a_new_name_and_stands_behind():
    batch = corpus_faults.exact_duplicates(PAGES, Random(1), 0.1)
    assert batch[:40] == PAGES
    texts = {document.text for document in PAGES}
    assert len(batch) == len(set(ids(batch))) == 44
    assert all(copy.text in texts and copy.doc_id.endswith("-copy.md") for copy in batch[40:])


def test_a_near_copy_has_a_sentence_more():
    batch = corpus_faults.near_duplicates(PAGES, Random(1), 0.1)
    texts = {document.text for document in PAGES}
    assert len(batch) == 44
    for copy in batch[40:]:
        assert copy.text not in texts
        assert copy.text.removesuffix(f"\n\n{corpus_faults.REVIEWED}") in texts


def test_what_is_lost_is_missing_and_the_rest_keeps_its_order():
    batch = corpus_faults.lost_documents(PAGES, Random(1), 0.25)
    assert len(batch) == 30
    assert batch == [document for document in PAGES if document in batch]


def test_old_editions_are_new_documents_with_some_of_todays_paragraphs_in_their_order():
    batch = corpus_faults.doubled_growth(PAGES, Random(1), 0.5)
    assert batch[:40] == PAGES
    today = {f"archive/{document.doc_id}": document.text.split("\n\n") for document in PAGES}
    for old in batch[40:]:
        kept = old.text.split("\n\n")
        assert len(kept) == 3
        assert kept == [paragraph for paragraph in today[old.doc_id] if paragraph in kept]


def test_only_pages_of_the_key_topic_are_deleted():
    batch = corpus_faults.key_topic_deleted(PAGES, Random(1), 0.2)
    gone = set(ids(PAGES)) - set(ids(batch))
    assert len(gone) == 8
    assert {doc_id.split("/")[0] for doc_id in gone} == {"billing"}


def test_a_stale_snapshot_lacks_the_newest_and_has_earlier_editions_of_the_next():
    batch = corpus_faults.stale_snapshot(PAGES, Random(1), 0.1)
    assert set(ids(PAGES)) - set(ids(batch)) == set(ids(PAGES[36:]))
    changed = [document for document in batch if document not in PAGES]
    assert sorted(ids(changed)) == ids(PAGES[32:36])
    assert all(document.updated_at == "2025-09-15" for document in changed)
    assert all(len(document.text.split("\n\n")) == 4 for document in changed)


def test_foreign_pages_are_added_and_none_is_taken():
    batch = corpus_faults.foreign_topic(PAGES, Random(1), 0.1)
    assert batch[:40] == PAGES
    assert {document.metadata["category"] for document in batch[40:]} == {"magazine"}
    assert len(set(ids(batch))) == 44


@pytest.mark.parametrize("share", [0.0, 0.15, 1.0])
def test_the_incident_empties_the_share_asked_for_if_there_are_documents_enough(share):
    batch = corpus_faults.incident(PAGES, Random(1), share)
    assert len(batch) == 41
    assert sum(not document.text for document in batch) == min(round(share * 41), 39)
