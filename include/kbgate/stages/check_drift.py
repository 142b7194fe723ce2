"""The drift gate: the new material against what is live."""

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa

from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.measure import DriftInput
from kbgate.drift.nearest import NearestChunks
from kbgate.evaluation.golden_set import load_golden_set
from kbgate.gates.drift import judge_drift
from kbgate.results import StageResult
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.build_candidate import candidate_version
from kbgate.stages.embed_chunks import ROWS
from kbgate.stages.plan_changes import read_plan
from kbgate.stages.reconcile import vectors_of

COLUMNS = ["doc_id", "vector"]


def check_drift(run: Run) -> StageResult:
    """Write `gates/drift.json`; with another embedding model, neighbourhoods of documents are compared instead."""
    candidate, live, plan = candidate_version(run), run.start.live, read_plan(run)
    settings, ledger = run.kb_settings.drift, run.folder.read_table(LEDGER_FILE, ["doc_id", "title"])
    same = live is not None and _fingerprint(run, live) == run.embedder.fingerprint.digest
    new = _chunks(run, candidate, plan.added + plan.changed)
    compared: Sequence[str] = plan.changed if same else _shared_documents(run, live)
    result = judge_drift(
        DriftInput(
            new=new,
            live_sample=None if live is None else _sample(run, live),
            candidate_sample=_sample(run, candidate),
            before=_nothing(run) if live is None else _chunks(run, live, compared),
            after=_chunks(run, candidate, compared),
            n_candidate_documents=len(ledger),
            same_fingerprint=same,
            nearest=_nearest_in_live(run, live, new) if live is not None and same else None,
            key_intent_doc_ids=_key_intent_documents(run),
            titles=dict(zip(*ledger.to_pydict().values(), strict=True)),
        ),
        settings,
    )
    return run.finish_gate(result.model_copy(update={"versions": {"candidate": candidate, "live": live}}))


def _fingerprint(run: Run, version: str) -> str | None:
    return run.registry.version(run.kb, version).facts.fingerprint


def _chunks(run: Run, version: str, doc_ids: Collection[str]) -> ChunkVectors:
    if not doc_ids:
        return _nothing(run)
    return _as_vectors(pa.concat_tables(run.store.read(version, COLUMNS, sorted(doc_ids))))


def _sample(run: Run, version: str) -> ChunkVectors:
    settings = run.kb_settings.drift
    return _as_vectors(run.store.sample(version, settings.sample_chunks, COLUMNS, settings.seed))


def _as_vectors(table: pa.Table) -> ChunkVectors:
    return ChunkVectors(vectors_of(table), np.array(table.column("doc_id").to_pylist(), dtype=object))


def _nothing(run: Run) -> ChunkVectors:
    return ChunkVectors(np.empty((0, run.embedder.fingerprint.dimension), np.float32), np.empty(0, dtype=object))


def _nearest_in_live(run: Run, live: str, new: ChunkVectors) -> NearestChunks:
    """Ask the store for the nearest live chunk of every new one, in blocks."""
    hits = [run.store.search(live, new.vectors[first : first + ROWS], 1) for first in range(0, len(new), ROWS)]
    if not hits:
        return NearestChunks(np.empty(0, np.float32), np.empty(0, dtype=object))
    return NearestChunks(
        np.concatenate([found.similarities[:, 0] for found in hits]),
        np.concatenate([found.doc_ids[:, 0] for found in hits]),
    )


def _shared_documents(run: Run, live: str | None) -> list[str]:
    """Documents of both versions, at most as many as chunks may be sampled, the same ones for the same seed."""
    ours, theirs = run.folder.read_table(LEDGER_FILE).to_pandas(), run.ledger(live)
    if theirs is None:
        return []
    shared = sorted(set(ours["doc_id"]) & set(theirs["doc_id"]))
    settings = run.kb_settings.drift
    if len(shared) > settings.sample_chunks:
        shared = sorted(
            np.random.default_rng(settings.seed).choice(shared, settings.sample_chunks, replace=False).tolist()
        )
    return shared


def _key_intent_documents(run: Run) -> dict[str, set[str]]:
    location = run.kb_settings.recall.golden_set
    if location is None:
        return {}
    golden = load_golden_set(location)
    documents: dict[str, set[str]] = {intent: set() for intent in golden.key_intents}
    for query in golden.queries:
        if query.intent in documents:
            documents[query.intent].update(golden.qrels.get(query.query_id, {}))
    return documents
