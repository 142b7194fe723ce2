"""One collection as a live knowledge base in a folder, and one ingest of a batch into a copy of it through the real pipeline."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gate_power_parts import remembered_embedder
from gate_power_parts.collection import Collection
from gate_power_parts.true_recall import true_recall
from kbgate import embedders
from kbgate.artifacts import RunFolder
from kbgate.errors import KbgateError
from kbgate.pipeline import run_candidate
from kbgate.records import Document
from kbgate.results import Verdict
from kbgate.run import LEDGER_FILE, Run, RunRequest
from kbgate.settings import Settings, load_settings
from kbgate.stages.build_candidate import CANDIDATE_FILE, candidate_version
from kbgate.stages.check_documents import QUARANTINE_FILE
from kbgate.stages.decide import DECISION_FILE
from kbgate.stages.reconcile import vectors_of

KB = "bench"
FLOOR = 0.85
RETRIEVED = (5, 8, 10, 15, 20, 30, 50)
"""Chunks retrieved for a question: the first that gives clean live `COMFORTABLE`, so that a hold has to come from the fault."""
COMFORTABLE = 0.90
HASHED = {"drift": {"low_similarity": 0.1, "min_paired_similarity": 0.3}, "recall": {"zero_hit_similarity": -1.0}}
"""As in the tests' small knowledge base: a hash of words knows no meaning, so the model's limits do not carry over."""

Tamper = Callable[[Run], None]


class Enough(BaseException):
    """The run has decided: what comes after (clean-up, report) is not measured."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an ingest ended.

    `outcome`: promoted, hold, unchanged, or error (it stopped loudly). `found` holds "gate:measurement" of everything critical
    that did not pass in a gate that blocks, and whose gate the reasons name. `true_recall` is by exact search on the stored
    vectors against the whole golden set, `worst_intent` the same for the worst key intent; both None unless the candidate was
    built and promoted or held.
    """

    outcome: str
    found: tuple[str, ...]
    message: str
    quarantined: frozenset[str] = frozenset()
    true_recall: float | None = None
    worst_intent: float | None = None

    @property
    def held(self) -> bool:
        return self.outcome in ("hold", "error")


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """A collection whose first ingest was promoted; `folder` is copied for each trial and never changed.

    `long_documents` are those of more than one chunk.
    """

    collection: Collection
    folder: Path
    cache: Path
    k: int
    long_documents: frozenset[str] = frozenset()

    def ingest(
        self,
        documents: Sequence[Document],
        *,
        earlier: Sequence[Document] | None = None,
        overrides: Mapping[str, Any] | None = None,
        tamper: Mapping[str, Tamper] | None = None,
    ) -> Ended | None:
        """Ingest a snapshot into a copy of this knowledge base; `tamper` maps a stage to what is done to the run before it.

        `earlier` is ingested before; None is returned if it is not promoted, since there is nothing to measure then.
        """
        with tempfile.TemporaryDirectory(prefix="kbgate-power-") as name:
            root = Path(name) / "kb"
            shutil.copytree(self.folder, root)
            at = replace(self, folder=root)
            if earlier is not None and at.ingest_here("earlier", earlier).outcome != "promoted":
                return None
            return at.ingest_here("trial", documents, overrides, tamper)

    def ingest_here(
        self,
        run_key: str,
        documents: Sequence[Document],
        overrides: Mapping[str, Any] | None = None,
        tamper: Mapping[str, Tamper] | None = None,
    ) -> Ended:
        """Ingest a snapshot into this very folder."""
        write_batch(documents, self.folder / "batch.jsonl")
        settings = self.settings()
        request = RunRequest(
            kb=KB, run_key=run_key, actor="bench", reason="a measurement", overrides=dict(overrides or {})
        )
        run = Run(settings, request)

        def on_stage(stage: str, result: object) -> None:
            if result is None and stage in ("collect_garbage", "report"):
                raise Enough
            if result is None and tamper and stage in tamper:
                tamper[stage](run)

        error = ""
        try:
            run_candidate(settings, request, on_stage)
        except Enough as stopped:
            if isinstance(stopped.__context__, KbgateError):
                error = str(stopped.__context__)
        ended = self._ended(run, error)
        run.registry.release_lease(KB, run_key)
        return ended

    def settings(self) -> Settings:
        """The sample's settings where nothing of the collection speaks against it."""
        real = self.collection.embedder == "real"
        if real:
            embedders.REGISTRY.setdefault(remembered_embedder.NAME, remembered_embedder.PLACE)
        sample = load_settings().knowledge_base("helpdesk").model_dump()
        kind = remembered_embedder.NAME if real else "hashing_for_tests_only"
        hashed = {} if real else HASHED
        recall: dict[str, Any] = {"k": self.k, **hashed.get("recall", {})}
        if self.collection.queries:
            recall["golden_set"] = str(self.folder / "golden")
        else:
            recall["mode"] = "warn"
        sections = {
            "source": {"kind": "jsonl", "options": {"path": str(self.folder / "batch.jsonl")}},
            "chunker": sample["chunker"],
            "quality": {"languages": self.collection.languages},
            "embedder": {**sample["embedder"], "kind": kind, "cache": str(self.cache)},
            "store": {"kind": "numpy"},
            "drift": hashed.get("drift", {}),
            "recall": recall,
        }
        if not self.collection.queries:
            sections |= {"golden": {"mode": "warn"}}
        return load_settings(
            artifact_root=str(self.folder),
            registry={"dsn": f"sqlite:///{self.folder}/registry.db"},
            kb={KB: sections},
        )

    def _true_recall(self, run: Run, version: str) -> tuple[float | None, float | None]:
        if not self.collection.queries:
            return None, None
        stored = pa.concat_tables(run.store.read(version, ["doc_id", "vector"]))
        asked = run.embedder.embed_queries([query["text"] for query in self.collection.queries])
        doc_ids = np.array(stored.column("doc_id").to_pylist())
        return true_recall(self.collection, asked, vectors_of(stored), doc_ids, self.k)

    def _ended(self, run: Run, error: str) -> Ended:
        gates = run.folder.read_gates()
        blocking = {name: gate for name, gate in gates.items() if run.holds(gate)}
        decision = run.folder.read_json(DECISION_FILE) if run.folder.exists(DECISION_FILE) else {}
        said = " ".join(decision.get("reasons", ())).lower()
        found = tuple(
            f"{name}:{measured.name}"
            for name, gate in blocking.items()
            if f"the {name} gate" in said
            for measured in gate.failed_measurements
            if measured.verdict is Verdict.FAILED or gate.verdict is Verdict.INCONCLUSIVE
        )
        quarantined = _taken_out(run)
        version = run.promoted_version
        if version is not None:
            recall, worst = self._true_recall(run, version)
            return Ended("promoted", found, "", quarantined, recall, worst)
        if error:
            return Ended("error", ("error:" + error.split(".")[0][:80],), error, quarantined)
        message = str(decision.get("headline", ""))
        if decision.get("outcome") != "hold":
            return Ended("unchanged", found, message, quarantined)
        built = run.folder.exists(CANDIDATE_FILE) and candidate_version(run) in run.store.versions()
        recall, worst = self._true_recall(run, candidate_version(run)) if built else (None, None)
        return Ended("hold", found, message, quarantined, recall, worst)


def first_ingest(collection: Collection, folder: Path, cache: Path) -> KnowledgeBase:
    """Make a collection live in `folder`, with the smallest number of retrieved chunks that answers its questions well.

    Raises:
        RuntimeError: no number of retrieved chunks answers them, or the first ingest was held.
    """
    folder.mkdir(parents=True)
    if collection.queries:
        collection.write_golden_set(folder / "golden")
    kb = KnowledgeBase(collection, folder, cache, RETRIEVED[0])
    if collection.queries:
        kb = replace(kb, k=collection.retrieved or _retrieved(kb))
    ended = kb.ingest_here("first", collection.documents)
    if ended.outcome != "promoted":
        raise RuntimeError(f"The clean first ingest of {collection.name} was not promoted: {ended.message}")
    ledger = RunFolder(str(folder), KB, "first").read_table(LEDGER_FILE, ["doc_id", "n_chunks"]).to_pylist()
    return replace(kb, long_documents=frozenset(row["doc_id"] for row in ledger if row["n_chunks"] > 1))


def write_batch(documents: Sequence[Document], path: Path) -> None:
    """Write documents as JSON Lines, metadata as columns of their own."""
    with path.open("w", encoding="utf-8") as file:
        for document in documents:
            row: dict[str, Any] = {"doc_id": document.doc_id, "title": document.title, "text": document.text}
            row |= {"updated_at": document.updated_at, "lang": document.lang, **document.metadata}
            file.write(json.dumps({name: value for name, value in row.items() if value is not None}) + "\n")


def _taken_out(run: Run) -> frozenset[str]:
    """Documents that the batch brought and that stay out of the index; rows that are only warned of are not among them."""
    if not run.folder.exists(QUARANTINE_FILE):
        return frozenset()
    rows = run.folder.read_table(QUARANTINE_FILE, ["doc_id", "taken_out"]).to_pylist()
    return frozenset(row["doc_id"] for row in rows if row["taken_out"])


def _retrieved(kb: KnowledgeBase) -> int:
    """Smallest k of `RETRIEVED` at which clean live reaches `COMFORTABLE`, overall and in each key intent."""
    run = Run(kb.settings(), RunRequest(kb=KB, run_key="k", actor="bench", reason="choosing k"))
    chunks = [chunk for document in kb.collection.documents for chunk in run.chunker.chunk(document)]
    vectors, _ = run.cached_embedder.embed_passages([chunk.text for chunk in chunks])
    asked = run.embedder.embed_queries([query["text"] for query in kb.collection.queries])
    doc_ids = np.array([chunk.doc_id for chunk in chunks])
    reached = []
    for k in RETRIEVED:
        overall, worst = true_recall(kb.collection, asked, vectors, doc_ids, k)
        reached.append(f"{overall:.3f}/{worst if worst is None else round(worst, 3)} at {k}")
        if min(overall, 1.0 if worst is None else worst) >= COMFORTABLE:
            return k
    raise RuntimeError(
        f"The shipped model does not answer the questions of {kb.collection.name}: {', '.join(reached)}."
    )
