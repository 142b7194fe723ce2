import numpy as np
import pytest

from kbgate.embedders.hashing_for_tests_only import HashingForTestsOnlyEmbedder
from kbgate.errors import ConflictError
from kbgate.pipeline import STAGES
from kbgate.run import Run
from kbgate.stages.embed_chunks import VECTORS_FILE, embed_chunks
from kbgate.stages.reconcile import vectors_of
from small_kb import KB, SmallKb

BEFORE = STAGES[: STAGES.index("embed_chunks")]


def checked(kb: SmallKb) -> Run:
    """A run whose chunks were judged."""
    kb.change(3)
    request = kb.request("second")
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_every_chunk_gets_the_unit_vector_of_its_own_text(live_kb: SmallKb) -> None:
    run = checked(live_kb)
    embed_chunks(run)
    table = run.folder.read_table(VECTORS_FILE)
    assert table.drop(["vector"]).equals(run.folder.read_table("chunks.parquet"))
    fresh = run.embedder.embed_passages(table.column("text").to_pylist())
    np.testing.assert_allclose(vectors_of(table), fresh, atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(vectors_of(table), axis=1), 1, atol=1e-3)


def test_the_second_try_takes_everything_from_the_cache(live_kb: SmallKb) -> None:
    run = checked(live_kb)
    first, second = embed_chunks(run).summary, embed_chunks(run).summary
    assert first["n_embedded"] > 0
    assert second["n_embedded"] == 0
    assert second["n_cache_hits"] == first["n_embedded"] + first["n_cache_hits"]
    n_live = run.store.count("v1.0.0")
    assert (
        first["n_reused"]
        == second["n_reused"]
        == n_live - len(next(run.store.read("v1.0.0", ["doc_id"], ["orders/doc-03"])))
    )


def test_a_wrong_model_behind_the_fingerprint_blocks_its_own_run_and_not_those_after_it(
    live_kb: SmallKb, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = HashingForTestsOnlyEmbedder._embed
    live_kb.change(3)
    with monkeypatch.context() as patched:
        patched.setattr(HashingForTestsOnlyEmbedder, "_embed", lambda *given: np.roll(right(*given), 1, axis=1))
        wrong = live_kb.run("wrong")
    assert wrong.outcome == "hold"
    assert "model, library or hardware changed behind the same fingerprint" in " ".join(wrong.report["reasons"])
    mended = live_kb.run("mended")
    assert mended.outcome == "promoted", mended.report["reasons"]
    message = mended.report["embedding"]["message"]
    assert f"The vector cache {mended.run.cache_folder} had been filled by a model" in message
    assert "filled by" not in live_kb.run("next").report["embedding"].get("message", "")


def test_a_run_that_lost_its_lease_embeds_nothing(live_kb: SmallKb) -> None:
    run = checked(live_kb)
    run.registry.release_lease(KB, run.request.run_key)
    run.registry.acquire_lease(KB, "another run", "hotfix", 10)
    with pytest.raises(ConflictError, match="being worked on by another run"):
        embed_chunks(run)
    assert not run.folder.exists(VECTORS_FILE)


def test_the_saving_is_what_was_not_embedded_at_the_pace_of_what_was(live_kb: SmallKb) -> None:
    run = checked(live_kb)
    first, second = embed_chunks(run).summary, embed_chunks(run).summary
    assert (
        first["n_chunks"]
        == second["n_chunks"]
        == sum(first[name] for name in ("n_embedded", "n_cache_hits", "n_repeated", "n_reused"))
    )
    assert 0 <= first["seconds_saved"] <= round(first["n_chunks"] * first["seconds"] / first["n_embedded"], 1)
    assert second["seconds_saved"] is None, "nothing was embedded to measure"


def test_a_text_that_occurs_twice_counts_as_saved(live_kb: SmallKb) -> None:
    live_kb.documents[3] = {**live_kb.documents[3], "text": " ".join(["The same words again and again."] * 60)}
    request = live_kb.request("second")
    live_kb.stages(request, *BEFORE)
    run = Run(live_kb.settings, request)
    summary = embed_chunks(run).summary
    assert summary["n_repeated"] > 0
    assert summary["n_chunks"] == summary["n_reused"] + run.folder.read_table(VECTORS_FILE).num_rows
