from kbgate.pipeline import STAGES
from kbgate.run import Run
from kbgate.stages.check_drift import check_drift
from small_kb import SmallKb

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
