"""Real collections that nobody wrote for kbgate: what the gates say of them, on the real model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kbgate.pipeline import run_candidate
from kbgate.results import GateResult
from kbgate.run import Run, RunRequest
from kbgate.settings import Settings, load_settings

pytestmark = pytest.mark.real_model

KB = "real"
SNAPSHOTS = ("t0_2025-10-01", "t1_2026-04-01", "t2_2026-07-24")


@dataclass(frozen=True)
class Collection:
    """A knowledge base that reads a real collection with the settings of the sample's, unless a test says otherwise."""

    root: Path
    cache: Path

    def ingest(self, run_key: str, source: dict[str, Any], **sections: Any) -> dict[str, Any]:
        """Run a whole ingest and return its report."""
        settings = self.settings(source, **sections)
        request = _request(run_key)
        run_candidate(settings, request, lambda stage, result: None)
        return dict(Run(settings, request).folder.read_json("report.json"))

    def settings(self, source: dict[str, Any], **sections: Any) -> Settings:
        sample = load_settings().knowledge_base("helpdesk").model_dump()
        tables = {
            "source": source,
            "chunker": sample["chunker"],
            "embedder": {**sample["embedder"], "cache": str(self.cache)},
            **sections,
        }
        return load_settings(artifact_root=str(self.root), kb={KB: tables})

    def reader(self) -> Run:
        """A run that never opens: gives the registry and the store."""
        return Run(self.settings({"kind": "jsonl", "options": {"path": "nothing"}}), _request("reader"))

    @property
    def live(self) -> str | None:
        return self.reader().registry.release(KB).live


def _request(run_key: str) -> RunRequest:
    return RunRequest(kb=KB, run_key=run_key, actor="test", reason="a test")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vectors of all tests here, so that no text is embedded twice."""
    return tmp_path_factory.mktemp("vectors")


@pytest.fixture
def collection(tmp_path: Path, cache: Path) -> Collection:
    return Collection(tmp_path / "artifacts", cache)


@pytest.fixture(scope="session")
def snapshots(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory, cache: Path
) -> tuple[Collection, list[dict[str, Any]]]:
    """The reports of a real help centre's three snapshots, ingested one after the other."""
    collection = Collection(tmp_path_factory.mktemp("plausible") / "artifacts", cache)
    return collection, [collection.ingest(name, _pages(shared_data, name), recall=NO_QUERIES) for name in SNAPSHOTS]


NO_QUERIES = {"mode": "warn"}
"""The help centre has no judged queries; without any, recall stays INCONCLUSIVE and would hold every ingest."""


def _pages(shared_data: Path, snapshot: str) -> dict[str, Any]:
    path = shared_data / "docs_plausible" / snapshot / "docs"
    return {"kind": "markdown", "options": {"path": str(path)}}


def _rows(shared_data: Path, name: str) -> dict[str, Any]:
    return {"kind": "jsonl", "options": {"path": str(shared_data / name / "corpus.jsonl")}}


def _gates(report: dict[str, Any]) -> dict[str, GateResult]:
    return {gate["name"]: GateResult.model_validate(gate) for gate in report["gates"]}


def _say(report: dict[str, Any]) -> str:
    return "\n".join([report["outcome"], report["headline"], *report["reasons"], *report["notes"]])
