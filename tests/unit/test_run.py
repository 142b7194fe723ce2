import json
from pathlib import Path

import pytest

from kbgate.errors import ArtifactError, SettingsError, UsageError
from kbgate.pipeline import run_stage
from kbgate.results import GateResult, Verdict
from kbgate.run import Run, load_run, registry_dsn, without_secrets
from kbgate.settings import Settings
from small_kb import KB, SmallKb


def open_gate(**fields: object) -> GateResult:
    """A gate that is inconclusive because nothing is live."""
    defaults = {"name": "drift", "verdict": Verdict.INCONCLUSIVE, "message": "nothing live", "needs_reference": True}
    return GateResult.model_validate({**defaults, **fields})


@pytest.fixture
def first_run(small_kb: SmallKb) -> Run:
    """An opened run of a knowledge base that has nothing live."""
    request = small_kb.request("first")
    run_stage("open_run", small_kb.settings, KB, request.run_key, request)
    return Run(small_kb.settings, request)


def test_another_model_does_not_keep_the_first_ones_hash(small_kb: SmallKb) -> None:
    small_kb.configure(embedder={"sha256": "a" * 64})
    run = Run(small_kb.settings, small_kb.request("x", overrides={"embedder": {"model": "m", "sha256": None}}))
    assert run.kb_settings.embedder.sha256 is None


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"chunker": {"size_tokens": 10}, "recal": {}}, "'recal' is not a section"),
        ({"schedule": {}}, "'schedule' is not a section"),
        ({"chunker": {"size": 10}}, "kb.small.chunker.size is not a setting"),
        ({"chunker": {"overlap_tokens": 40}}, "kb.small.chunker: overlap_tokens (40) must be smaller"),
        ({"source": {"deletions": "gone.txt"}}, "deletions is only for mode = 'delta'"),
    ],
)
def test_an_override_that_does_not_fit_is_named(small_kb: SmallKb, overrides: dict, named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        _ = Run(small_kb.settings, small_kb.request("x", overrides=overrides)).kb_settings
    assert named in str(caught.value)


def test_the_registry_is_a_file_in_a_local_artifact_root(small_kb: SmallKb) -> None:
    wanted = (small_kb.folder / "artifacts" / "registry.db").resolve()
    assert registry_dsn(small_kb.settings) == f"sqlite:///{wanted}"


def test_a_registry_of_ones_own_is_used(small_kb: SmallKb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KBGATE_REGISTRY__DSN", "postgresql+pg8000://db/kbgate")
    assert registry_dsn(small_kb.settings) == "postgresql+pg8000://db/kbgate"


def test_an_artifact_root_on_a_server_needs_a_registry_of_its_own() -> None:
    with pytest.raises(SettingsError, match=r"s3://bucket/kbgate.*kbgate_registry.*KBGATE_REGISTRY__DSN"):
        registry_dsn(Settings(artifact_root="s3://bucket/kbgate"))


def test_a_vector_cache_on_a_server_is_refused(small_kb: SmallKb) -> None:
    small_kb.configure(embedder={"cache": "s3://bucket/cache"})
    with pytest.raises(SettingsError, match=r"kb\.small\.embedder\.cache must be a local folder"):
        _ = Run(small_kb.settings, small_kb.request("x")).cached_embedder


@pytest.mark.parametrize("part", ["source", "store", "embedder", "chunker"])
def test_an_unknown_part_is_named_by_its_setting(small_kb: SmallKb, part: str) -> None:
    small_kb.configure(**{part: {"kind": "exotic"}})
    with pytest.raises(SettingsError, match=rf"kb\.small\.{part}\.kind is 'exotic'"):
        getattr(Run(small_kb.settings, small_kb.request("x")), part)


def test_secrets_are_left_out_at_any_depth() -> None:
    value = {"source": {"options": {"dsn": "p", "path": "a", "storage_options": {"key": "k"}}}, "l": [{"token": "t"}]}
    assert without_secrets(value) == {
        "source": {"options": {"dsn": "***", "path": "a", "storage_options": "***"}},
        "l": [{"token": "***"}],
    }


def test_the_settings_hash_follows_thresholds_and_not_passwords(small_kb: SmallKb) -> None:
    def hash_now() -> str:
        return Run(small_kb.settings, small_kb.request("x")).settings_hash

    small_kb.configure(store={"kind": "pgvector", "options": {"dsn": "one"}})
    before = hash_now()
    small_kb.configure(store={"options": {"dsn": "two"}})
    assert hash_now() == before
    small_kb.configure(recall={"min_recall": 0.1})
    assert hash_now() != before


def test_only_what_makes_vectors_belongs_to_the_index_settings(small_kb: SmallKb) -> None:
    def settings_now() -> dict:
        return Run(small_kb.settings, small_kb.request("x")).index_settings

    before = settings_now()
    small_kb.configure(recall={"k": 9}, embedder={"batch_size": 64}, release={"keep_versions": 2})
    assert settings_now() == before
    for change in ({"chunker": {"size_tokens": 50}}, {"embedder": {"passage_prefix": "passage: "}}):
        small_kb.configure(**change)
        assert settings_now() != before
        before = settings_now()


def test_suites_come_from_the_project_or_from_the_settings(small_kb: SmallKb) -> None:
    assert Run(small_kb.settings, small_kb.request("x")).suite("documents").is_file()
    (small_kb.folder / "chunks.json").touch()
    small_kb.configure(quality={"suites": str(small_kb.folder)})
    run = Run(small_kb.settings, small_kb.request("x"))
    assert run.suite("chunks") == small_kb.folder / "chunks.json"
    with pytest.raises(SettingsError, match=r"documents\.json does not exist"):
        run.suite("documents")


def test_settings_that_changed_after_the_run_began_are_refused(small_kb: SmallKb, first_run: Run) -> None:
    assert first_run.start.live is None
    small_kb.configure(recall={"min_recall": 0.1})
    with pytest.raises(UsageError, match=r"settings of small changed after this run began.*open_run"):
        _ = load_run(small_kb.settings, KB, first_run.request.run_key).start


def test_a_run_is_loaded_with_what_it_was_asked(small_kb: SmallKb, first_run: Run) -> None:
    assert load_run(small_kb.settings, KB, first_run.request.run_key).request == first_run.request


def test_a_run_that_never_began_cannot_be_loaded(small_kb: SmallKb) -> None:
    with pytest.raises(ArtifactError, match=r"The run nobody has no request\.json"):
        load_run(small_kb.settings, KB, "nobody")


def test_a_spoilt_request_is_named_with_its_field(small_kb: SmallKb, first_run: Run) -> None:
    path = Path(first_run.folder.uri) / "request.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "promte": True}))
    with pytest.raises(ArtifactError, match=r"request\.json is not a run request: promte is not a setting"):
        load_run(small_kb.settings, KB, first_run.request.run_key)


def test_a_gate_without_reference_does_not_hold_the_first_ingest(first_run: Run) -> None:
    assert not first_run.holds(open_gate())
    assert first_run.holds(open_gate(needs_reference=False))
    assert first_run.holds(open_gate(verdict=Verdict.FAILED))
    assert not first_run.holds(open_gate(verdict=Verdict.FAILED, mode="warn"))


def test_the_first_ingest_is_held_if_the_settings_say_so(small_kb: SmallKb) -> None:
    small_kb.configure(release={"first_ingest": "hold"})
    request = small_kb.request("first")
    run_stage("open_run", small_kb.settings, KB, request.run_key, request)
    assert Run(small_kb.settings, request).holds(open_gate())


def test_a_gate_without_reference_holds_a_later_ingest(live_kb: SmallKb) -> None:
    request = live_kb.request("second")
    run_stage("open_run", live_kb.settings, KB, request.run_key, request)
    assert Run(live_kb.settings, request).holds(open_gate())


def test_a_gates_file_is_written_whatever_its_verdict(first_run: Run) -> None:
    result = first_run.finish_gate(open_gate(verdict=Verdict.FAILED))
    assert result.holds
    assert first_run.folder.read_gates()["drift"].verdict is Verdict.FAILED


def test_what_the_release_names_is_protected(live_kb: SmallKb) -> None:
    assert live_kb.reader().protected_versions() == {"v1.0.0"}
    ledger = live_kb.reader().ledger("v1.0.0")
    assert ledger is not None
    assert len(ledger) == 40
    assert live_kb.reader().ledger(None) is None
