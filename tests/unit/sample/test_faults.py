"""The injector writes what it says: seeded, readable by the source, spoilt to the share asked for."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from kbgate.embedders.sentence_transformers import SentenceTransformersEmbedder
from kbgate.errors import UsageError
from kbgate.locations import resolve
from kbgate.overrides import override_settings
from kbgate.records import Document
from kbgate.sample.batch_folder import MARKER
from kbgate.sample.faults import BASE, FAULTS, read_base, write_batch
from kbgate.sections.embedder import EmbedderSettings
from kbgate.settings import load_settings
from kbgate.sources.deletions import read_deletions
from kbgate.sources.markdown import MarkdownSource

SETTINGS_ONLY = {"tiny_chunks", "oversized_chunks"}
NOT_DRAWN = SETTINGS_ONLY | {"stale_snapshot", "foreign_topic"}
"""Faults whose batch is the same for every seed: they take the newest documents, or every text there is."""
KNOWN_GATES = {"documents", "chunks", "drift", "recall", "reconcile", None}


def _read(path: str | Path) -> dict[str, Document]:
    return {row.doc_id: row for row in MarkdownSource({"path": str(path)}).read() if isinstance(row, Document)}


def _base() -> dict[str, Document]:
    return {document.doc_id: document for document in read_base()}


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.md")}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_same_seed_gives_the_same_files_and_another_seed_others(fault: str, tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_batch(fault, str(tmp_path / name), seed)
    first, again, other = (_content(tmp_path / name) for name in "abc")
    assert first == again
    assert (first != other) == (fault not in NOT_DRAWN)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - SETTINGS_ONLY))
def test_each_fault_changes_documents_and_no_share_changes_none(fault: str, tmp_path: Path) -> None:
    spoilt = _read(write_batch(fault, str(tmp_path / "spoilt"), 7)["path"])
    base = _base()
    assert {i: d.content_hash for i, d in spoilt.items()} != {i: d.content_hash for i, d in base.items()}
    if fault == "incident":
        return  # its copies and its cut texts do not depend on the share of empty ones
    clean = _read(write_batch(fault, str(tmp_path / "clean"), 7, share=0)["path"])
    assert {i: d.content_hash for i, d in clean.items()} == {i: d.content_hash for i, d in base.items()}


def test_a_batch_without_a_fault_reads_as_the_base_it_came_from(tmp_path: Path) -> None:
    written, base = _read(write_batch("tiny_chunks", str(tmp_path), 7)["path"]), _base()
    assert list(written) == list(base)
    for doc_id, document in base.items():
        assert replace(written[doc_id], source_uri="") == replace(document, source_uri="")


def test_the_incident_has_the_numbers_of_the_article(tmp_path: Path) -> None:
    tokenizer = SentenceTransformersEmbedder(EmbedderSettings()).tokenizer
    base_mean = tokenizer.count([document.text for document in read_base()]).n_tokens.mean()
    for seed in (7, 8, 9):
        batch = write_batch("incident", str(tmp_path), seed)
        documents = _read(batch["path"])
        full = [document.text for document in documents.values() if document.text]
        assert 1 - len(full) / len(documents) == pytest.approx(0.15, abs=0.005)
        assert (len(full) - len(set(full))) / len(documents) == pytest.approx(0.032, abs=0.003)
        assert base_mean == pytest.approx(450, rel=0.03)
        assert tokenizer.count(full).n_tokens.mean() == pytest.approx(280, rel=0.03)
    assert batch["params"] == {"batch": str(tmp_path), "chunk_size_tokens": 140, "chunk_overlap_tokens": 20}


def test_swapped_bodies_come_from_another_category_and_none_is_lost(tmp_path: Path) -> None:
    swapped, base = _read(write_batch("text_swapped_between_documents", str(tmp_path), 7)["path"]), _base()
    owner = {document.text: document.metadata["category"] for document in base.values()}
    changed = [document for doc_id, document in swapped.items() if document.text != base[doc_id].text]
    assert len(changed) == round(0.3 * len(base))
    assert all(owner[document.text] != document.metadata["category"] for document in changed)
    assert sorted(document.text for document in swapped.values()) == sorted(owner)


def test_word_salad_keeps_every_word_and_every_length(tmp_path: Path) -> None:
    salad, base = _read(write_batch("word_salad", str(tmp_path), 7)["path"]), _base()
    words = [sorted(word for document in batch.values() for word in document.text.split()) for batch in (salad, base)]
    assert words[0] == words[1]
    assert all(len(salad[doc_id].text.split()) == len(base[doc_id].text.split()) for doc_id in base)


@pytest.mark.parametrize("fault", ["key_topic_deleted", "key_topic_gutted"])
def test_faults_of_a_key_topic_touch_twelve_pages_of_it_and_nothing_else(fault: str, tmp_path: Path) -> None:
    spoilt, base = _read(write_batch(fault, str(tmp_path), 7)["path"]), _base()
    touched = {i for i, document in base.items() if i not in spoilt or spoilt[i].text != document.text}
    assert len(touched) == 12
    assert {doc_id.split("/")[0] for doc_id in touched} == {"billing"}


def test_files_that_are_not_utf8_are_rejected_by_the_source(tmp_path: Path) -> None:
    rows = list(MarkdownSource({"path": write_batch("invalid_utf8", str(tmp_path), 7)["path"]}).read())
    assert sum(not isinstance(row, Document) for row in rows) == 8


def test_texts_written_for_the_faults_do_not_repeat(tmp_path: Path) -> None:
    for fault in ("wrong_language", "unknown_tokens", "foreign_topic", "boilerplate"):
        documents = _read(write_batch(fault, str(tmp_path), 7)["path"])
        assert len({document.text for document in documents.values()}) == len(documents), fault


def test_lost_documents_leaves_three_percent(tmp_path: Path) -> None:
    assert len(_read(write_batch("lost_documents", str(tmp_path), 7)["path"])) == round(0.03 * len(_base()))


def test_an_unknown_fault_is_refused_and_the_known_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no fault 'nonsense'.*incident.*key_topic_deleted"):
        write_batch("nonsense", str(tmp_path), 7)


def test_a_share_above_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"1\.5.*from 0 to 1"):
        write_batch("empty_text", str(tmp_path), 7, share=1.5)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.md").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        write_batch("incident", str(tmp_path), 7)
    assert (tmp_path / "thesis.md").read_text() == "years of work"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "batch").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        write_batch("incident", str(tmp_path / "batch"), 7)


def test_an_earlier_batch_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_batch("foreign_topic", str(tmp_path), 7)
    write_batch("lost_documents", str(tmp_path), 7)
    assert not (tmp_path / "magazine").exists()
    assert (tmp_path / MARKER).is_file()


@pytest.mark.parametrize("fault", FAULTS)
def test_params_fit_the_settings_and_the_command_says_the_same(fault: str, tmp_path: Path) -> None:
    batch = write_batch(fault, str(tmp_path / "with blank"), 7)
    overrides = override_settings(load_settings().knowledge_base("helpdesk"), batch["params"])
    assert overrides["source"]["options"]["path"] == batch["path"] == str(tmp_path / "with blank")
    words = shlex.split(batch["command"])
    assert words[:4] == ["kbgate", "ingest", "--kb", "helpdesk"]
    assert words[4:6] == ["--batch", batch["path"]]
    assert ("--chunk-size" in words) == ("chunk_size_tokens" in batch["params"])
    assert batch["gate"] in KNOWN_GATES


def test_the_delta_names_two_deleted_documents_that_no_golden_question_rests_on() -> None:
    sample = BASE.removesuffix("base")
    deleted = read_deletions(f"{sample}delta/deleted.txt")
    assert len(deleted) == 2
    assert set(deleted) <= set(_base())
    delivered = {row.doc_id for row in MarkdownSource({"path": f"{sample}delta"}).read()}
    assert not delivered & {*deleted, "deleted.txt"}
    rows = [line.split("\t") for line in Path(resolve(f"{sample}golden/qrels.tsv")).read_text().splitlines()[1:]]
    assert not {row[1] for row in rows if row[2] == "2"} & set(deleted)
