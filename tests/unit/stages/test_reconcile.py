import pyarrow as pa

from kbgate.gates.embedding_probe import PROBE_SENTENCES
from kbgate.pipeline import STAGES
from kbgate.results import Measurement, Verdict
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.reconcile import PROBE_FILE, reconcile, vectors_of
from kbgate.stores import CHUNK_COLUMNS
from small_kb import SmallKb, doc_id

BEFORE = STAGES[: STAGES.index("reconcile")]


def built(kb: SmallKb) -> Run:
    """A run that built its candidate: one document changed, one gone."""
    kb.change(3)
    del kb.documents[39]
    request = kb.request("second")
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_a_candidate_as_planned_passes(live_kb: SmallKb) -> None:
    run = built(live_kb)
    result = reconcile(run)
    assert (result.holds, result.summary["verdict"]) == (False, "passed"), result.message


def test_a_removed_document_that_is_still_stored_is_found(live_kb: SmallKb) -> None:
    run = built(live_kb)
    left = next(run.store.read("v1.0.0", ["chunk_id"], [doc_id(39)])).num_rows
    assert left > 0
    run.store.drop("v1.0.1", protected=())
    run.store.build("v1.0.1", run.store.read("v1.0.0", CHUNK_COLUMNS), dimension=run.embedder.fingerprint.dimension)
    result = reconcile(run)
    assert result.holds
    failed = {found.name for found in run.folder.read_gates()["reconcile"].failed_measurements}
    assert failed >= {"removed_still_present", "removed_still_retrievable"}


def test_a_text_that_changed_in_the_store_is_found_though_its_vector_is_right(live_kb: SmallKb) -> None:
    run = built(live_kb)
    chunks = pa.concat_tables(run.store.read("v1.0.1", CHUNK_COLUMNS))
    texts = ["Another text altogether.", *chunks.column("text").to_pylist()[1:]]
    altered = chunks.set_column(CHUNK_COLUMNS.index("text"), "text", pa.array(texts))
    run.store.drop("v1.0.1", protected=())
    run.store.build("v1.0.1", [altered], dimension=run.embedder.fingerprint.dimension)
    assert reconcile(run).holds
    found = {m.name: m for m in run.folder.read_gates()["reconcile"].failed_measurements}
    assert found["altered_chunks"].value == 1
    assert chunks.column("chunk_id")[0].as_py() in found["altered_chunks"].message


def test_a_ledger_that_lost_a_document_holds_the_run(live_kb: SmallKb) -> None:
    run = built(live_kb)
    ledger = run.folder.read_table(LEDGER_FILE)
    run.folder.write_table(LEDGER_FILE, ledger.slice(1))
    assert reconcile(run).holds


def test_the_chunks_of_this_run_are_embedded_again_apart_from_the_others(live_kb: SmallKb) -> None:
    run = built(live_kb)
    reconcile(run)
    found = {m.name: m.n for m in run.folder.read_gates()["reconcile"].measurements}
    assert found["reembedded_similarity[new]"] == 3
    assert found["reembedded_similarity"] == 32


def test_vectors_have_one_row_a_chunk(live_kb: SmallKb) -> None:
    store = live_kb.reader().store
    table = next(store.read("v1.0.0", ["vector"]))
    assert vectors_of(table).shape == (table.num_rows, live_kb.reader().embedder.fingerprint.dimension)
    assert vectors_of(table.slice(1, 2)).tolist() == table.column("vector").to_pylist()[1:3]


def probe_of(run: Run) -> Measurement:
    """What the gate says of the fixed sentences."""
    reconcile(run)
    gate = run.folder.read_gates()["reconcile"]
    return next(measured for measured in gate.measurements if measured.name == "probe_similarity")


def test_the_fixed_sentences_are_kept_with_the_version_and_compared_with_lives(live_kb: SmallKb) -> None:
    run = built(live_kb)
    found = probe_of(run)
    assert found.value is not None
    assert (found.verdict, found.n) == (Verdict.PASSED, len(PROBE_SENTENCES))
    assert run.folder.read_table(PROBE_FILE).column("sentence").to_pylist() == list(PROBE_SENTENCES)


def test_a_model_that_changed_behind_its_fingerprint_holds_the_run(live_kb: SmallKb) -> None:
    run = built(live_kb)
    folder = run.version_folder("v1.0.0")
    stored = folder.read_table(PROBE_FILE)
    turned = stored.take([*range(1, len(stored)), 0]).column("vector")
    folder.write_table(PROBE_FILE, stored.set_column(1, "vector", turned))
    assert reconcile(run).holds
    assert probe_of(run).verdict is Verdict.FAILED


def test_vectors_of_another_fingerprint_are_not_compared(live_kb: SmallKb) -> None:
    run = built(live_kb)
    folder = run.version_folder("v1.0.0")
    stored = folder.read_table(PROBE_FILE)
    folder.write_table(PROBE_FILE, stored.replace_schema_metadata({"kbgate.fingerprint": "another"}))
    found = probe_of(run)
    assert (found.value, found.verdict) == (None, Verdict.PASSED)
