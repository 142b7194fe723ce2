from kbgate.pipeline import STAGES
from kbgate.run import Run
from kbgate.stages.chunk_documents import CHUNK_SCHEMA, CHUNKS_FILE, chunk_documents, documents_to_chunk
from small_kb import SmallKb, doc_id

BEFORE = STAGES[: STAGES.index("chunk_documents")]


def planned(kb: SmallKb) -> Run:
    """A run that knows what changed."""
    request = kb.request("second")
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_chunks_are_cut_out_of_the_texts_of_what_changed(live_kb: SmallKb) -> None:
    live_kb.change(3)
    run = planned(live_kb)
    result = chunk_documents(run)
    table = run.folder.read_table(CHUNKS_FILE)
    assert table.schema.equals(CHUNK_SCHEMA)
    assert result.summary == {"n_chunks": table.num_rows, "n_documents": 1}
    text = live_kb.documents[3]["text"]
    for chunk in table.to_pylist():
        assert (chunk["doc_id"], chunk["text"]) == (doc_id(3), text[chunk["start"] : chunk["end"]])


def test_a_rebuild_takes_unchanged_texts_from_the_runs_that_read_them(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.configure(chunker={"size_tokens": 46})
    run = planned(live_kb)
    texts = {document.doc_id: document.text for document in documents_to_chunk(run)}
    assert texts == {document["doc_id"]: document["text"] for document in live_kb.documents.values()}


def test_a_removal_alone_leaves_an_empty_file_of_chunks(live_kb: SmallKb) -> None:
    del live_kb.documents[39]
    run = planned(live_kb)
    assert chunk_documents(run).message == "0 chunks of 0 documents."
    assert run.folder.read_table(CHUNKS_FILE).schema.equals(CHUNK_SCHEMA)
