import pytest

from kbgate.corpus import DOCUMENTS_FILE
from kbgate.errors import ArtifactError, UsageError
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
