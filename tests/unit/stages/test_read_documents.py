from pathlib import Path

import pytest

from kbgate import pipeline
from kbgate.errors import SourceError, UsageError
from kbgate.run import override_settings
from small_kb import KB, SmallKb, doc_id


def test_a_file_of_deletions_removes_documents_in_a_delta(live_kb: SmallKb, tmp_path: Path) -> None:
    (tmp_path / "gone.txt").write_text(f"{doc_id(39)}\n")
    live_kb.change(3)
    batch = live_kb.write_documents(tmp_path / "delta.jsonl", [3])
    params = {"batch": str(batch), "mode": "delta", "deletions": str(tmp_path / "gone.txt")}
    overrides = override_settings(live_kb.settings.knowledge_base(KB), params)
    second = live_kb.run("second", overrides=overrides)
    assert second.report["changes"] == {"added": 0, "changed": 1, "removed": 1, "unchanged": 38, "kept": 0}
    assert live_kb.live == "v1.0.1"


def test_a_hotfix_without_a_batch_cuts_the_bases_own_texts_again(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    live_kb.batch.write_text("this source is never read")
    request = live_kb.request("fix", kind="hotfix", overrides={"chunker": {"size_tokens": 60}}, base="v1.0.0")
    done = pipeline.run_candidate(live_kb.settings, request, lambda stage, result: None)
    assert done["chunk_documents"].summary["n_documents"] == 40
    assert live_kb.live == "v1.0.0-hotfix"
    version = live_kb.reader().registry.version(KB, "v1.0.0-hotfix")
    assert (version.kind, version.parent) == ("hotfix", "v1.0.0")
    assert live_kb.reader().store.count("v1.0.0-hotfix") < live_kb.reader().store.count("v1.0.0")
    assert "front desk" not in "".join(
        live_kb.reader().store.sample("v1.0.0-hotfix", 999, ["text"], 1).column("text").to_pylist()
    )


def test_a_hotfix_takes_from_its_batch_only_what_fits_the_pattern(live_kb: SmallKb, tmp_path: Path) -> None:
    for number in (3, 17):
        live_kb.change(number)
    batch = live_kb.write_documents(tmp_path / "repair.jsonl", [3, 17])
    overrides = override_settings(live_kb.settings.knowledge_base(KB), {"batch": str(batch)})
    fixed = live_kb.run("fix", kind="hotfix", overrides=overrides, documents="orders/*")
    assert (fixed.outcome, live_kb.live) == ("promoted", "v1.0.0-hotfix")
    assert fixed.report["changes"] == {"added": 0, "changed": 1, "removed": 0, "unchanged": 39, "kept": 0}
    changed = live_kb.reader().ledger("v1.0.0-hotfix")
    assert list(changed[changed["run_key"] == fixed.run.request.run_key]["doc_id"]) == [doc_id(3)]


def test_a_hotfix_pattern_that_fits_nothing_is_an_error(live_kb: SmallKb) -> None:
    overrides = override_settings(live_kb.settings.knowledge_base(KB), {"batch": str(live_kb.batch)})
    with pytest.raises(SourceError, match=r"No document of the batch fits documents = 'nothing/\*'"):
        live_kb.run("fix", kind="hotfix", overrides=overrides, documents="nothing/*")


def test_a_hotfix_needs_something_to_repair(small_kb: SmallKb) -> None:
    with pytest.raises(UsageError, match="no version yet to repair"):
        small_kb.run("fix", kind="hotfix")


def test_a_hotfix_is_judged_by_the_same_gates(live_kb: SmallKb) -> None:
    live_kb.configure(recall={"zero_hit_similarity": 0.95})
    fixed = live_kb.run("fix", kind="hotfix", overrides={"chunker": {"size_tokens": 60}})
    assert (fixed.outcome, live_kb.live) == ("hold", "v1.0.0")
