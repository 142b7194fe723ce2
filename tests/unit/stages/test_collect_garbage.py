from collections.abc import Sequence
from pathlib import Path

import pytest

from kbgate.artifacts import UNFINISHED
from kbgate.corpus import DOCUMENTS_FILE
from kbgate.errors import ArtifactError, UsageError
from kbgate.releases.tables import IndexVersion, Release
from kbgate.run import Run
from kbgate.stages import collect_garbage as collect_garbage_stage
from small_kb import KB, SmallKb


def test_garbage_collection_keeps_live_previous_and_the_texts_that_later_versions_need(live_kb: SmallKb) -> None:
    live_kb.configure(release={"keep_versions": 1})
    runs = []
    for number in range(3, 6):
        live_kb.change(number)
        runs.append(live_kb.run(f"run {number}"))
    reader = live_kb.reader()
    assert runs[-1].done["collect_garbage"].summary == {"collected": ["v1.0.1"]}
    assert reader.store.versions() == ["v1.0.2", "v1.0.3"]
    states = {version.version: version.state for version in reader.registry.versions(KB)}
    assert states == {"v1.0.0": "collected", "v1.0.1": "collected", "v1.0.2": "promoted", "v1.0.3": "promoted"}
    first = reader.version_folder("v1.0.0")
    assert first.exists(DOCUMENTS_FILE)
    assert not first.exists("vectors.parquet")
    # Every text is needed again, most of them from the first run.
    live_kb.configure(chunker={"size_tokens": 46})
    rebuilt = live_kb.run("rebuild")
    assert (rebuilt.outcome, live_kb.live, rebuilt.n_chunked) == ("promoted", "v1.1.0", 40)
    with pytest.raises(UsageError, match=r"rolled back to v1\.0\.0, which is collected"):
        live_kb.stages(live_kb.request("back", kind="rollback", target="v1.0.0"), "roll_back")


def test_a_text_that_is_gone_stops_a_rebuild(live_kb: SmallKb) -> None:
    folder = live_kb.reader().version_folder("v1.0.0")
    folder.clear(DOCUMENTS_FILE)
    live_kb.configure(chunker={"size_tokens": 60})
    with pytest.raises(ArtifactError, match=DOCUMENTS_FILE):
        live_kb.run("rebuild")
    assert live_kb.live == "v1.0.0"


def test_blocked_candidates_are_collected_although_nothing_is_promoted(live_kb: SmallKb) -> None:
    live_kb.configure(release={"keep_versions": 1}, recall={"zero_hit_similarity": 0.99})
    for number in range(1, 5):
        live_kb.change(number)
        assert live_kb.run(f"held {number}").outcome == "hold"
    assert live_kb.reader().store.versions() == ["v1.0.0", "v1.0.4"]
    runs = Path(live_kb.settings.artifact_root) / KB / "runs"
    assert [path.parent.name for path in runs.glob("*/vectors.parquet")] == [live_kb.request("held 4").run_key]
    assert [path.parent.name for path in runs.glob("*/chunks.parquet")] == [live_kb.request("held 4").run_key]


def test_half_written_tables_of_a_dead_run_are_deleted(live_kb: SmallKb) -> None:
    dead = Path(Run(live_kb.settings, live_kb.request("dead")).folder.uri)
    dead.mkdir(parents=True)
    (dead / f"vectors.parquet{UNFINISHED}").write_text("half of it")
    (dead / "chunks.parquet").write_text("all of it")
    (dead / "request.json").write_text("{}")
    live_kb.change(3)
    live_kb.run("second")
    assert [path.name for path in dead.iterdir()] == ["request.json"]


def test_a_version_that_was_rolled_back_to_meanwhile_stays(live_kb: SmallKb, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3, 5):
        live_kb.change(number)
        live_kb.run(f"run {number}")
    live_kb.configure(release={"keep_versions": 1})
    chosen = collect_garbage_stage.collectable

    def overtaken(versions: Sequence[IndexVersion], release: Release, keep: int) -> list[str]:
        names = chosen(versions, release, keep)
        assert names == ["v1.0.0"]
        live_kb.stages(live_kb.request("back", kind="rollback", target="v1.0.0"), "roll_back")
        return names

    monkeypatch.setattr(collect_garbage_stage, "collectable", overtaken)
    result = collect_garbage_stage.collect_garbage(live_kb.reader())
    assert result.summary == {"collected": []}
    assert live_kb.live == "v1.0.0"
    assert "v1.0.0" in live_kb.reader().store.versions()
