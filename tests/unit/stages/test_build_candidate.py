from kbgate.pipeline import STAGES
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.build_candidate import build_candidate, candidate_version
from small_kb import KB, SmallKb, doc_id

BEFORE = STAGES[: STAGES.index("build_candidate")]


def embedded(kb: SmallKb) -> Run:
    """A run whose chunks have vectors: one document changed, one gone."""
    kb.change(3)
    del kb.documents[39]
    request = kb.request("second")
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_the_candidate_stands_beside_live_and_its_ledger_says_who_read_what(live_kb: SmallKb) -> None:
    run = embedded(live_kb)
    result = build_candidate(run)
    assert (candidate_version(run), live_kb.live) == ("v1.0.1", "v1.0.0")
    assert set(run.store.versions()) == {"v1.0.0", "v1.0.1"}
    ledger = run.folder.read_table(LEDGER_FILE).to_pandas().set_index("doc_id")
    assert sorted(ledger.index) == sorted(map(doc_id, range(39)))
    assert list(ledger.index[ledger["run_key"] == run.request.run_key]) == [doc_id(3)]
    n_chunks = run.store.count("v1.0.1")
    assert result.message == f"v1.0.1 has 39 documents in {n_chunks} chunks."
    assert ledger["n_chunks"].sum() == n_chunks


def test_its_version_is_reserved_and_not_yet_a_candidate(live_kb: SmallKb) -> None:
    run = embedded(live_kb)
    build_candidate(run)
    version = run.registry.version(KB, "v1.0.1")
    assert (version.state, version.parent, version.run_key) == ("building", "v1.0.0", run.request.run_key)


def test_a_second_try_builds_the_same_version_again(live_kb: SmallKb) -> None:
    run = embedded(live_kb)
    first, second = build_candidate(run), build_candidate(run)
    assert first == second
    assert set(run.store.versions()) == {"v1.0.0", "v1.0.1"}
