from pathlib import Path
from typing import Any

import pytest

from kbgate import pipeline
from kbgate.errors import SourceError, UsageError
from kbgate.overrides import override_settings
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


def delta_of(kb: SmallKb, content: str, deletions: str | None = None) -> dict[str, Any]:
    """Overrides of a run that reads a delta of this content."""
    (kb.folder / "delta.jsonl").write_text(content)
    params = {"batch": str(kb.folder / "delta.jsonl"), "mode": "delta"}
    if deletions is not None:
        (kb.folder / "gone.txt").write_text(deletions)
        params["deletions"] = str(kb.folder / "gone.txt")
    return override_settings(kb.settings.knowledge_base(KB), params)


def test_a_delta_may_only_delete(live_kb: SmallKb) -> None:
    second = live_kb.run("second", overrides=delta_of(live_kb, "", f"{doc_id(39)}\n"))
    assert (second.outcome, live_kb.live) == ("promoted", "v1.0.1")
    assert second.report["changes"] == {"added": 0, "changed": 0, "removed": 1, "unchanged": 39, "kept": 0}


def test_an_empty_delta_is_a_quiet_night(live_kb: SmallKb) -> None:
    second = live_kb.run("second", overrides=delta_of(live_kb, ""))
    assert (second.outcome, live_kb.live) == ("unchanged", "v1.0.0")


def test_an_empty_snapshot_and_a_delta_that_is_missing_are_errors(live_kb: SmallKb) -> None:
    overrides = delta_of(live_kb, "")
    (live_kb.folder / "delta.jsonl").unlink()
    with pytest.raises(SourceError, match=r"delta\.jsonl does not exist"):
        live_kb.run("second", overrides=overrides)
    live_kb.documents = {}
    with pytest.raises(SourceError, match=r"documents\.jsonl is empty"):
        live_kb.run("third")


def test_an_empty_batch_of_a_hotfix_is_an_error(live_kb: SmallKb) -> None:
    with pytest.raises(SourceError, match=r"delta\.jsonl is empty"):
        live_kb.run("fix", kind="hotfix", overrides=delta_of(live_kb, ""))


def test_an_empty_part_of_a_snapshot_is_held_against_it_and_that_of_a_delta_is_not(live_kb: SmallKb) -> None:
    parts = live_kb.folder / "parts"
    parts.mkdir()
    live_kb.write_documents(parts / "1.jsonl", list(range(36)))
    (parts / "2.jsonl").touch()
    params = {"batch": str(parts / "*.jsonl")}
    settings = live_kb.settings.knowledge_base(KB)
    request = live_kb.request("second", overrides=override_settings(settings, params))
    assert live_kb.stages(request, "open_run", "read_documents")[1].summary == {"n_documents": 36, "n_rejected": 1}
    request = live_kb.request("third", overrides=override_settings(settings, {**params, "mode": "delta"}))
    live_kb.stages(live_kb.request("second"), "report")
    assert live_kb.stages(request, "open_run", "read_documents")[1].summary == {"n_documents": 36, "n_rejected": 0}


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
