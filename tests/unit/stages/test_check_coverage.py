"""The coverage gate over real versions: documents that left, documents the index does not find, topics."""

import pyarrow as pa

from kbgate.pipeline import STAGES
from kbgate.run import Run
from kbgate.stages.check_coverage import check_coverage
from kbgate.stages.check_golden_set import check_golden_set, relevant_golden_set
from kbgate.stages.embed_chunks import VECTORS_FILE
from kbgate.stages.reconcile import vectors_of
from small_kb import SmallKb, doc_id, intent_of

BEFORE = STAGES[: STAGES.index("check_coverage")]


def built(kb: SmallKb) -> Run:
    request = kb.request("second")
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_a_candidate_that_keeps_what_is_needed_passes(live_kb: SmallKb) -> None:
    live_kb.change(3)
    run = built(live_kb)
    assert not check_coverage(run).holds
    gate = run.folder.read_gates()["coverage"]
    assert {m.name: m.value for m in gate.measurements} == {
        "coverage[billing]": 1.0,
        "coverage[orders]": 1.0,
        "topic_lost_share": 0.0,
    }


def test_documents_of_a_key_intent_that_left_hold_the_run(live_kb: SmallKb) -> None:
    live_kb.configure(quality={"max_lost_share": 1.0, "max_token_psi": 10.0})
    gone = [number for number in live_kb.documents if intent_of(number) == "billing"][:3]
    for number in gone:
        del live_kb.documents[number]
    live_kb.write_documents()
    run = built(live_kb)
    assert check_coverage(run).holds
    gate = run.folder.read_gates()["coverage"]
    assert [m.name for m in gate.failed_measurements] == ["coverage[billing]"]
    assert gate.details["intents"]["billing"]["missing"] == sorted(map(doc_id, gone))


def test_a_document_that_its_own_text_does_not_find_is_not_covered(live_kb: SmallKb) -> None:
    orders = [number for number in live_kb.documents if intent_of(number) == "orders"][:4]
    for number in orders:
        live_kb.change(number)
    live_kb.write_documents()
    request = live_kb.request("second")
    live_kb.stages(request, *STAGES[: STAGES.index("build_candidate")])
    run = Run(live_kb.settings, request)
    table = run.folder.read_table(VECTORS_FILE)
    away = -vectors_of(table)
    column = pa.FixedSizeListArray.from_arrays(pa.array(away.ravel()), away.shape[1])
    run.folder.write_table(VECTORS_FILE, table.set_column(table.column_names.index("vector"), "vector", column))
    live_kb.stages(request, "build_candidate")
    assert check_coverage(run).holds
    gate = run.folder.read_gates()["coverage"]
    assert gate.details["intents"]["orders"]["unfound"] == sorted(map(doc_id, orders))


def test_a_document_that_is_not_relevant_enough_is_not_needed(live_kb: SmallKb) -> None:
    """Every question of a key intent has a second document of the lowest grade, which recall does not count."""
    qrels = live_kb.folder / "golden" / "qrels.tsv"
    graded = qrels.read_text().replace("\t1\n", "\t2\n")
    qrels.write_text(graded + "".join(f"q{number}-0\tgone-{number}\t1\n" for number in range(20)))
    live_kb.configure(recall={"min_relevance": 2})
    live_kb.change(3)
    run = built(live_kb)
    assert not check_coverage(run).holds
    details = run.folder.read_gates()["coverage"].details["intents"]
    assert [(each["n_needed"], each["missing"]) for each in details.values()] == [(10, []), (10, [])]
    assert not [name for name in needed_documents(run) if name.startswith("gone")]
    check_golden_set(run)
    assert run.folder.read_gates()["golden_set"].details["n_stale"] == 0


def needed_documents(run: Run) -> set[str]:
    golden = relevant_golden_set(run)
    return set().union(*golden.key_intent_documents.values()) if golden else set()
