"""Real collections that nobody wrote for kbgate: what the gates say of them, on the real model."""

import json
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from kbgate.pipeline import run_candidate, run_document_check
from kbgate.results import GateResult, Measurement, Verdict
from kbgate.run import Run, RunRequest
from kbgate.settings import Settings, load_settings
from kbgate.stages.reconcile import vectors_of

pytestmark = pytest.mark.real_model

KB = "real"
SNAPSHOTS = ("t0_2025-10-01", "t1_2026-04-01", "t2_2026-07-24")
PART = 4
"""Of the help centre's pages every fourth is taken, by a hash of its name: all of them are 2,000 chunks to embed."""
HELP_CENTRE = {
    # It has no judged queries; without any, recall stays INCONCLUSIVE and would hold every ingest.
    "recall": {"mode": "warn"},
    # One page is there twice; among the few pages of this part that is more than the usual 2 %.
    "quality": {"max_exact_duplicate_share": 0.05},
}
REEMBED = {"reembed_chunks": 8}
"""A smaller sample than usual: the model is slow on a shared machine and reconcile has tests of its own."""


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
            "reconcile": REEMBED,
            **sections,
        }
        return load_settings(artifact_root=str(self.root), kb={KB: tables})

    def reader(self) -> Run:
        """A run that never opens: gives the registry and the store."""
        return Run(self.settings({"kind": "jsonl", "options": {"path": "nothing"}}), _request("reader"))

    def chunks(self, version: str) -> pa.Table:
        """Every chunk of a version, by id."""
        columns = ["chunk_id", "doc_id", "text", "vector"]
        return pa.concat_tables(self.reader().store.read(version, columns)).sort_by("chunk_id")

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
def pages(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """A source for each snapshot of a real help centre, over the same part of its pages."""
    root, sources = tmp_path_factory.mktemp("pages"), {}
    for snapshot in SNAPSHOTS:
        docs = shared_data / "docs_plausible" / snapshot / "docs"
        for path in sorted(docs.rglob("*.md")):
            name = path.relative_to(docs).as_posix()
            if zlib.crc32(name.encode()) % PART == 0:
                target = root / snapshot / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        sources[snapshot] = _markdown(root / snapshot)
    return sources


@pytest.fixture(scope="session")
def in_order(
    pages: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory, cache: Path
) -> tuple[Collection, list[dict[str, Any]]]:
    """The help centre after its three snapshots were ingested one after the other, and the three reports."""
    collection = Collection(tmp_path_factory.mktemp("in_order") / "artifacts", cache)
    return collection, [collection.ingest(name, source, **HELP_CENTRE) for name, source in pages.items()]


def test_three_snapshots_of_a_real_help_centre_are_promoted_in_order(
    in_order: tuple[Collection, list[dict[str, Any]]],
) -> None:
    collection, reports = in_order
    for report, version in zip(reports, ("v1.0.0", "v1.0.1", "v1.0.2"), strict=True):
        assert report["outcome"] == "promoted", _say(report)
        assert report["version"] == version
    assert collection.live == "v1.0.2"
    for report in reports[1:]:
        verdicts = {name: gate.verdict for name, gate in _gates(report).items()}
        assert verdicts == {
            **dict.fromkeys(("documents", "chunks", "reconcile", "drift", "coverage", "golden_set"), Verdict.PASSED),
            "recall": Verdict.INCONCLUSIVE,
        }, _say(report)


def test_only_text_that_no_earlier_snapshot_had_is_embedded(
    in_order: tuple[Collection, list[dict[str, Any]]],
) -> None:
    collection, reports = in_order
    known: set[str] = set()
    for report in reports:
        texts = collection.chunks(report["version"])["text"].to_pylist()
        done = report["embedding"]
        assert done["n_embedded"] == sum(text not in known for text in texts)
        assert done["n_embedded"] + done["n_cache_hits"] + done["n_reused"] == len(texts)
        known.update(texts)
    t1, t2 = reports[1:]
    assert t1["changes"]["unchanged"] > 0
    assert t1["embedding"]["n_reused"] > 0
    # Every page got front matter, so that by its hash each one changed; what stands in the pages did not.
    assert t2["changes"]["unchanged"] == 0
    assert t2["embedding"]["n_cache_hits"] > 0


def test_the_third_snapshot_is_the_same_index_as_if_it_had_been_ingested_alone(
    in_order: tuple[Collection, list[dict[str, Any]]], pages: dict[str, dict[str, Any]], collection: Collection
) -> None:
    report = collection.ingest("alone", pages[SNAPSHOTS[2]], **HELP_CENTRE)
    assert report["outcome"] == "promoted", _say(report)
    assert report["embedding"]["n_embedded"] == 0
    alone, step_by_step = collection.chunks("v1.0.0"), in_order[0].chunks("v1.0.2")
    columns = ["chunk_id", "doc_id", "text"]
    assert step_by_step.select(columns).equals(alone.select(columns))
    np.testing.assert_array_equal(vectors_of(step_by_step), vectors_of(alone))


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_a_whole_snapshot_of_a_real_help_centre_passes_the_document_gate(
    snapshot: str, shared_data: Path, collection: Collection
) -> None:
    """The second has one page thrice, and four guides that were replaced by one sentence which a fifth has too."""
    settings = collection.settings(_markdown(shared_data / "docs_plausible" / snapshot / "docs"))
    run_document_check(settings, _request("check"), lambda stage, result: None)
    gate = Run(settings, _request("check")).folder.read_gates()["documents"]
    assert not _failed(gate), gate.message
    if snapshot == SNAPSHOTS[1]:
        shares = {m.name: m.value for m in gate.measurements}
        assert (shares["exact_duplicate"], shares["stub_copy"]) == (pytest.approx(2 / 133), pytest.approx(4 / 133))


@pytest.mark.parametrize(("k", "measured"), [(5, 0.648), (8, 0.721)])
def test_paraphrases_that_the_model_does_not_find_hold_a_real_faq_and_nothing_else_does(
    k: int, measured: float, shared_data: Path, collection: Collection
) -> None:
    """Several of 213 answers on one disease fit a question, but only one or two are judged right: recall is truly below 0.85."""
    golden = {"golden_set": str(shared_data / "covidqa_faq"), "k": k}
    report = collection.ingest("faq", _rows(shared_data, "covidqa_faq"), recall=golden)
    assert report["outcome"] == "hold", _say(report)
    assert collection.live is None
    gates = _gates(report)
    assert [name for name, gate in gates.items() if _failed(gate)] == ["recall"]
    (recall,) = _failed(gates["recall"])
    assert (recall.name, recall.n) == ("recall_at_k", 240)
    assert recall.value == pytest.approx(measured, abs=0.02)
    assert report["reasons"] == [f"The recall gate: {recall.message}"]


def test_a_real_collection_that_answers_its_questions_is_promoted(
    shared_data: Path, collection: Collection, tmp_path: Path
) -> None:
    source, n_queries = _first_documents(shared_data / "xquad_en", 120, tmp_path)
    report = collection.ingest("xquad", source, recall={"golden_set": str(tmp_path)})
    assert report["outcome"] == "promoted", _say(report)
    recall = {m.name: m for m in _gates(report)["recall"].measurements}["recall_at_k"]
    assert recall.n == n_queries > 500
    assert recall.value is not None
    assert recall.value > 0.95


def test_a_language_that_the_model_cannot_read_is_held_before_anything_is_embedded(
    shared_data: Path, collection: Collection
) -> None:
    report = collection.ingest("drcd", _rows(shared_data, "drcd_dev"))
    assert report["outcome"] == "hold", _say(report)
    assert collection.live is None
    assert report["embedding"] == {}
    gates = _gates(report)
    assert [name for name, gate in gates.items() if _failed(gate)] == ["documents"]
    unknown = {m.name: m for m in _failed(gates["documents"])}["unknown_token_share"]
    assert unknown.value == pytest.approx(0.58, abs=0.01)
    assert "58.2 % of 434540 tokens are unknown to the embedding model; the limit is 2 %" in unknown.message
    assert any(unknown.message.rstrip(". ") in reason for reason in report["reasons"])


def _first_documents(folder: Path, n_documents: int, target: Path) -> tuple[dict[str, Any], int]:
    """Copy a collection's first documents with their questions; return their source and the number of questions."""
    corpus = (folder / "corpus.jsonl").read_text().splitlines()[:n_documents]
    doc_ids = {json.loads(line)["doc_id"] for line in corpus}
    header, *qrels = (folder / "qrels.tsv").read_text().splitlines()
    qrels = [line for line in qrels if line.split("\t")[1] in doc_ids]
    query_ids = {line.split("\t")[0] for line in qrels}
    queries = [
        line
        for line in (folder / "queries.jsonl").read_text().splitlines()
        if json.loads(line)["query_id"] in query_ids
    ]
    for name, lines in (("corpus.jsonl", corpus), ("qrels.tsv", [header, *qrels]), ("queries.jsonl", queries)):
        (target / name).write_text("\n".join(lines) + "\n")
    return _rows(target.parent, target.name), len(queries)


def _markdown(folder: Path) -> dict[str, Any]:
    return {"kind": "markdown", "options": {"path": str(folder)}}


def _rows(shared_data: Path, name: str) -> dict[str, Any]:
    return {"kind": "jsonl", "options": {"path": str(shared_data / name / "corpus.jsonl")}}


def _gates(report: dict[str, Any]) -> dict[str, GateResult]:
    return {gate["name"]: GateResult.model_validate(gate) for gate in report["gates"]}


def _failed(gate: GateResult) -> list[Measurement]:
    """What was measured and is wrong; what only warns or wants a reference is not among it."""
    return [m for m in gate.failed_measurements if m.verdict is Verdict.FAILED]


def _say(report: dict[str, Any]) -> str:
    return "\n".join([report["outcome"], report["headline"], *report["reasons"], *report["notes"]])
