"""The drift gate: the new material against what is live."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kbgate.corpus import DOCUMENTS_FILE, read_documents, read_version_documents
from kbgate.drift.calibration import DriftCalibration
from kbgate.drift.chunk_map import chunk_map
from kbgate.drift.chunk_origins import document_origins, together
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.distinctive_terms import distinctive_terms
from kbgate.drift.domain_classifier import classify_domain
from kbgate.drift.measure import DriftInput
from kbgate.drift.nearest import NearestChunks
from kbgate.drift.query_similarity import QuerySimilarity
from kbgate.drift_calibration import fitting_calibration, write_calibration
from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet
from kbgate.gates.drift import judge_drift
from kbgate.gates.drift_explanation import explain_drift, unlike_live
from kbgate.pipeline import PAGE_FILES
from kbgate.results import GateResult, StageResult, Verdict
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.build_candidate import candidate_version
from kbgate.stages.check_golden_set import relevant_golden_set
from kbgate.stages.embed_chunks import ROWS
from kbgate.stages.plan_changes import read_plan
from kbgate.stages.reconcile import vectors_of

COLUMNS = ["doc_id", "vector"]
MAP_FILE = PAGE_FILES["check_drift"]
EXPLAINING_TEXTS = 500
"""Documents of live whose words are compared with those of the documents that drifted."""


def check_drift(run: Run) -> StageResult:
    """Write `gates/drift.json`, and `map.json` for pages; with another embedding model, neighbourhoods are compared instead."""
    candidate, live, plan = candidate_version(run), run.start.live, read_plan(run)
    settings, ledger = run.kb_settings.drift, run.folder.read_table(LEDGER_FILE).to_pandas()
    same = live is not None and _fingerprint(run, live) == run.embedder.fingerprint.digest
    new = _chunks(run, candidate, plan.added + plan.changed)
    compared: Sequence[str] = plan.changed if same else _shared_documents(run, live)
    golden = relevant_golden_set(run)
    given = DriftInput(
        new=new,
        live_sample=None if live is None else _sample(run, live),
        candidate_sample=_sample(run, candidate),
        before=_nothing(run) if live is None else _chunks(run, live, compared),
        after=_chunks(run, candidate, compared),
        n_candidate_documents=len(ledger),
        same_fingerprint=same,
        nearest=_nearest_in_live(run, live, new) if live is not None and same else None,
        queries=_query_similarity(run, golden, candidate, live) if live is not None and same else None,
        key_intent_doc_ids={} if golden is None else golden.key_intent_documents,
        titles=dict(zip(ledger["doc_id"], ledger["title"], strict=True)),
    )
    calibration, why_not = fitting_calibration(run, live) if live is not None and same else (None, "")
    gate = judge_drift(given, settings, calibration, why_not)
    gate = gate.model_copy(update={"versions": {"candidate": candidate, "live": live}})
    if gate.verdict is Verdict.FAILED and same:
        gate = _explained(run, gate, given, ledger)
    finished = run.finish_gate(gate)
    run.folder.write_json(MAP_FILE, _map(given, ledger, run.ledger(live), settings.seed))
    return finished


def calibrate_on_live(run: Run, draws: int) -> DriftCalibration:
    """Calibrate the gate on what is live now and write it down for later runs.

    Raises:
        UsageError: nothing is live, it was embedded by another model than the settings name, or it has too few documents.
    """
    run.registry.migrate()
    live = run.registry.release(run.kb).live
    if live is None:
        raise UsageError(f"Nothing of {run.kb} is live yet. Run: kbgate ingest --kb {run.kb}")
    version = run.registry.version(run.kb, live)
    if version.facts.settings != run.index_settings:
        raise UsageError(
            f"{live} was made with another embedding model or other chunk settings than the settings name, so its limits "
            "would not hold for the next ingest. Ingest with the new settings first."
        )
    return write_calibration(run, version, _sample(run, live), draws)


def _explained(run: Run, gate: GateResult, given: DriftInput, ledger: pd.DataFrame) -> GateResult:
    """Name the new documents that are most unlike live, and the words that they share and live has not."""
    if given.live_sample is None or not np.isfinite(given.new.vectors).all():
        return gate
    found = classify_domain(given.new, given.live_sample, seed=run.kb_settings.drift.seed)
    if found is None:
        return gate
    shown = set(unlike_live(found))
    texts = [document.text for document in read_documents(run.folder, DOCUMENTS_FILE, shown)]
    return explain_drift(gate, found, distinctive_terms(texts, _live_texts(run, shown)), given.titles)


def _live_texts(run: Run, left_out: Collection[str]) -> list[str]:
    """Texts of random documents of live, the same ones for the same seed."""
    live = run.ledger(run.start.live)
    if live is None:
        return []
    others = live[~live["doc_id"].isin(left_out)]
    others = others.sample(min(len(others), EXPLAINING_TEXTS), random_state=run.kb_settings.drift.seed)
    by_run = {str(key): list(group["doc_id"]) for key, group in others.groupby("run_key")}
    return [document.text for document in read_version_documents(run.settings.artifact_root, run.kb, by_run)]


def _map(given: DriftInput, ledger: pd.DataFrame, live_ledger: pd.DataFrame | None, seed: int) -> dict[str, Any]:
    """Lay out the candidate's chunks, and live's that will be no more, unless another model made these."""
    then = ledger.iloc[:0] if live_ledger is None else live_ledger
    documents = document_origins(
        *(dict(zip(one["doc_id"], one["content_hash"], strict=True)) for one in (ledger, then))
    )
    candidate = together(given.new, given.candidate_sample)
    parts = {origin: candidate.of_documents(documents[origin]) for origin in ("added", "changed", "unchanged")}
    if given.same_fingerprint and given.live_sample is not None:
        parts["live"] = together(given.before, given.live_sample).of_documents(documents["live"])
    titles = {**dict(zip(then["doc_id"], then["title"], strict=True)), **given.titles}
    found = chunk_map(parts, titles, seed=seed)
    chunks = {origin: then if origin == "live" else ledger for origin in parts}
    totals = {
        origin: int(rows.loc[rows["doc_id"].isin(documents[origin]), "n_chunks"].sum())
        for origin, rows in chunks.items()
    }
    method = (
        f"Principal components of the {len(found.points)} chunks that are shown; the two axes keep "
        f"{sum(found.explained_variance_ratio):.0%} of their variance."
    )
    if live_ledger is not None and not given.same_fingerprint:
        method += " Live was embedded by another model, so the two cannot share a map; only the candidate is shown."
    return {
        "schema_version": 1,
        "method": method,
        **asdict(found),
        "n_shown": len(found.points),
        "n_total": sum(totals.values()),
        "totals": totals,
    }


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


def _query_similarity(run: Run, golden: GoldenSet | None, candidate: str, live: str) -> QuerySimilarity | None:
    """Ask both versions every golden query and keep the cosine of the best chunk."""
    if golden is None or not golden.queries:
        return None
    vectors, _ = run.cached_embedder.embed_queries([query.text for query in golden.queries])
    return QuerySimilarity(*(run.store.search(name, vectors, 1).similarities[:, 0] for name in (candidate, live)))
