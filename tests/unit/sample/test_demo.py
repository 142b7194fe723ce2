"""The three ingests; tests/e2e runs the DAG that the demo runs."""

from pathlib import Path

from kbgate.overrides import override_settings
from kbgate.sample import demo
from kbgate.settings import load_settings
from kbgate.sources.markdown import MarkdownSource


def test_two_ingests_are_promoted_and_the_incident_leaves_the_second_live(tmp_path: Path) -> None:
    runs = demo.ingests(tmp_path)
    assert [run.outcome for run in runs] == ["promoted", "promoted", "hold"]
    assert [run.live_after for run in runs] == ["v1.0.0", "v1.0.1", "v1.0.1"]
    assert [run.version for run in runs] == ["v1.0.0", "v1.0.1", None]


def test_every_ingest_reads_documents_with_settings_that_may_be_set(tmp_path: Path) -> None:
    section = load_settings().knowledge_base(demo.KB)
    for run in demo.ingests(tmp_path):
        overrides = override_settings(section, run.conf)
        options = overrides.get("source", {}).get("options", section.source.options)
        assert next(iter(MarkdownSource(options).read())), run.title
        assert run.conf["reason"]
    assert overrides["chunker"] == {"size_tokens": 140, "overlap_tokens": 20}
    assert Path(options["path"]) == tmp_path / "incident"
