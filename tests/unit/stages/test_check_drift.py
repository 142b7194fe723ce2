from collections import Counter
from typing import Any

from kbgate.pipeline import STAGES
from kbgate.run import Run
from kbgate.stages.check_drift import MAP_FILE, check_drift
from small_kb import SmallKb, doc_id

BEFORE = STAGES[: STAGES.index("check_drift")]


def built(kb: SmallKb) -> Run:
    """A run that built its candidate."""
    request = kb.request("second")
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_a_small_change_passes_and_names_both_versions(live_kb: SmallKb) -> None:
    live_kb.change(3)
    run = built(live_kb)
    assert not check_drift(run).holds
    gate = run.folder.read_gates()["drift"]
    assert gate.versions == {"candidate": "v1.0.1", "live": "v1.0.0"}


def test_texts_that_were_swapped_are_seen_in_the_changed_documents(live_kb: SmallKb) -> None:
    texts = [live_kb.documents[number]["text"] for number in range(12)]
    for number in range(12):
        live_kb.documents[number] = {**live_kb.documents[number], "text": texts[number - 1]}
    run = built(live_kb)
    result = check_drift(run)
    assert result.holds
    failed = [found.name for found in run.folder.read_gates()["drift"].failed_measurements]
    assert failed == ["paired_similarity_median"]


def test_a_first_ingest_has_nothing_to_drift_from_and_is_let_through(small_kb: SmallKb) -> None:
    run = built(small_kb)
    result = check_drift(run)
    gate = run.folder.read_gates()["drift"]
    assert (result.holds, gate.needs_reference, gate.versions["live"]) == (False, True, None)


def map_of(run: Run) -> dict[str, Any]:
    """The map that the stage writes."""
    check_drift(run)
    return dict(run.folder.read_json(MAP_FILE))


def n_chunks(run: Run, version: str, *numbers: int) -> int:
    return sum(table.num_rows for table in run.store.read(version, ["doc_id"], [doc_id(number) for number in numbers]))


def test_the_map_shows_every_chunk_of_a_first_ingest_as_added(small_kb: SmallKb) -> None:
    run = built(small_kb)
    found = map_of(run)
    assert found["n_shown"] == found["n_total"] == len(found["points"]) == run.store.count("v1.0.0")
    assert {point["origin"] for point in found["points"]} == {"added"}
    assert {point["doc_id"] for point in found["points"]} == {doc_id(number) for number in range(40)}
    assert all(point["title"] for point in found["points"])
    assert "two axes keep" in found["method"]


def test_the_map_of_a_delta_shows_what_came_what_changed_and_what_will_be_no_more(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.documents[50] = {**live_kb.documents[7], "doc_id": "orders/new", "text": "A new text about a fee."}
    del live_kb.documents[39]
    run = built(live_kb)
    found = map_of(run)
    shown = Counter((point["origin"], point["doc_id"]) for point in found["points"] if point["origin"] != "unchanged")
    assert shown == {
        ("added", "orders/new"): 1,
        ("changed", doc_id(3)): n_chunks(run, "v1.0.1", 3),
        ("live", doc_id(3)): n_chunks(run, "v1.0.0", 3),
        ("live", doc_id(39)): n_chunks(run, "v1.0.0", 39),
    }
    removed = [point["title"] for point in found["points"] if point["doc_id"] == doc_id(39)]
    assert removed[0]
    assert found["totals"] == Counter(point["origin"] for point in found["points"])
    assert found["n_shown"] == run.store.count("v1.0.1") + shown["live", doc_id(3)] + shown["live", doc_id(39)]


def test_the_same_run_draws_the_same_map(live_kb: SmallKb) -> None:
    live_kb.change(3)
    run = built(live_kb)
    assert map_of(run) == map_of(run)


def test_two_models_do_not_share_a_map(live_kb: SmallKb) -> None:
    live_kb.configure(embedder={"passage_prefix": "passage: "})
    live_kb.change(3)
    found = map_of(built(live_kb))
    assert {point["origin"] for point in found["points"]} == {"changed", "unchanged"}
    assert "another model" in found["method"]


def test_the_histogram_counts_the_new_chunks(live_kb: SmallKb) -> None:
    live_kb.change(3)
    run = built(live_kb)
    check_drift(run)
    found = run.folder.read_gates()["drift"].details["similarity_histogram"]
    assert sum(found["counts"]) == n_chunks(run, "v1.0.1", 3)
    assert sum(found["reference_counts"]) == run.store.count("v1.0.0")
    assert found["threshold"] == 0.1
