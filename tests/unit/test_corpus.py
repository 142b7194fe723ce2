from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbgate.artifacts import RunFolder
from kbgate.corpus import DOCUMENTS_FILE, ROWS, read_documents, read_version_documents, write_documents
from kbgate.errors import ArtifactError
from kbgate.records import Document

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
OPTIONAL = st.none() | TEXT
DOCUMENTS = st.builds(
    Document,
    doc_id=TEXT,
    title=TEXT,
    text=TEXT,
    source_uri=TEXT,
    updated_at=OPTIONAL,
    lang=OPTIONAL,
    metadata=st.dictionaries(TEXT, TEXT | st.integers() | st.none() | st.lists(TEXT, max_size=2), max_size=3),
    line=st.none() | st.integers(1, 2**40),
)


def document(doc_id: str, text: str = "text") -> Document:
    return Document(doc_id, "title", text, "file.jsonl")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(str(tmp_path), "kb", "run-1")


@given(documents=st.lists(DOCUMENTS, max_size=5))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_documents_come_back_as_they_were(folder: RunFolder, documents: list[Document]) -> None:
    assert write_documents(folder, "d.parquet", documents) == len(documents)
    assert list(read_documents(folder, "d.parquet")) == documents


def test_metadata_that_json_does_not_know_keeps_its_hash(folder: RunFolder) -> None:
    # Markdown front matter and SQL give dates.
    before = Document("a", "t", "x", "u", metadata={"since": date(2026, 1, 2)})
    write_documents(folder, "d.parquet", [before])
    (after,) = read_documents(folder, "d.parquet")
    assert after.content_hash == before.content_hash


def test_more_rows_than_a_batch_holds_come_back_in_order(folder: RunFolder) -> None:
    n = ROWS + 1
    write_documents(folder, "d.parquet", (document(f"{number:05}") for number in range(n)))
    assert [found.doc_id for found in read_documents(folder, "d.parquet")] == [f"{number:05}" for number in range(n)]


def test_only_the_wanted_documents_are_given(folder: RunFolder) -> None:
    write_documents(folder, "d.parquet", [document("a"), document("b")])
    assert [found.doc_id for found in read_documents(folder, "d.parquet", {"b", "c"})] == ["b"]
    assert list(read_documents(folder, "d.parquet", set())) == []


def test_a_version_gathers_its_texts_from_the_runs_that_wrote_them(tmp_path: Path) -> None:
    for run_key, ids in (("one", "ab"), ("two", "bc")):
        texts = [document(doc_id, f"{doc_id} of {run_key}") for doc_id in ids]
        write_documents(RunFolder(str(tmp_path), "kb", run_key), DOCUMENTS_FILE, texts)
    found = read_version_documents(str(tmp_path), "kb", {"one": ["a"], "two": ["b"]})
    assert [d.text for d in found] == ["a of one", "b of two"]


def test_a_pattern_chooses_among_a_versions_documents(tmp_path: Path) -> None:
    ids = ["billing/1", "billing/2", "Billing/3", "login/1"]
    write_documents(RunFolder(str(tmp_path), "kb", "one"), DOCUMENTS_FILE, map(document, ids))
    found = read_version_documents(str(tmp_path), "kb", {"one": ids}, "billing/*")
    assert [d.doc_id for d in found] == ["billing/1", "billing/2"]


def test_a_text_that_is_gone_is_an_error_with_its_run(tmp_path: Path) -> None:
    write_documents(RunFolder(str(tmp_path), "kb", "one"), DOCUMENTS_FILE, [document("a")])
    with pytest.raises(ArtifactError, match=r"1 documents of kb .* the run one .*Restore"):
        list(read_version_documents(str(tmp_path), "kb", {"one": ["a", "lost"]}))
    with pytest.raises(ArtifactError, match="two"):
        list(read_version_documents(str(tmp_path), "kb", {"two": ["a"]}))
