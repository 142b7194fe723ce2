"""The recall gate: the golden set asked of the candidate, and of live beside it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet
from kbgate.evaluation.live_answers import LiveAnswers
from kbgate.evaluation.query_results import QueryResults, measure_queries
from kbgate.evaluation.token_budget import cut_at_budget, fills_budget
from kbgate.evaluation.unrelated_pairs import unrelated_similarity
from kbgate.gates.recall import judge_recall
from kbgate.pipeline import PAGE_FILES
from kbgate.records import Hits
from kbgate.results import GateResult, StageResult
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.build_candidate import candidate_version
from kbgate.stages.check_golden_set import evidence_in, judged_documents, read_golden_set, with_lost_evidence
from kbgate.stages.reconcile import vectors_of

QUERIES_FILE = PAGE_FILES["check_recall"]
MOST_CHUNKS = 1000
"""Chunks retrieved for a question at most, however small they are against the token budget."""
RANDOM_CHUNKS = 200
"""Chunks that show what similarity a question has to text that does not answer it."""


def check_recall(run: Run) -> StageResult:
    """Write `gates/recall.json`, and every query's answer into `recall_queries.parquet`."""
    golden, version = read_golden_set(run), candidate_version(run)
    if golden is not None:
        golden = with_lost_evidence(run, golden)
    candidate = None if golden is None else ask(run, golden, version)
    if candidate is not None:
        run.folder.write_table(QUERIES_FILE, candidate.to_table())
    result = judge_recall(
        golden=golden,
        candidate=candidate,
        live=_live_answers(run, golden, run.start.live),
        candidate_doc_ids=set(run.folder.read_table(LEDGER_FILE, ["doc_id"]).column("doc_id").to_pylist()),
        settings=run.kb_settings.recall,
        unrelated_similarity=_unrelated_similarity(run, golden, version),
    )
    versions = {"candidate": version, "live": run.start.live, "golden_set": golden and golden.content_hash}
    return run.finish_gate(result.model_copy(update={"versions": versions}))


def evaluate_version(run: Run, version: str | None) -> GateResult:
    """Measure a finished version on the golden set as it is now, beside live; writes nothing but the queries' answers.

    Raises:
        UsageError: there is no such version, or its vectors are of another model than the settings name.
    """
    run.registry.migrate()
    live = run.registry.release(run.kb).live
    name = version or live
    if name is None:
        raise UsageError(f"Nothing of {run.kb} is live yet. Name a version, or run: kbgate ingest --kb {run.kb}")
    found = run.registry.version(run.kb, name)
    if found.facts.fingerprint not in (None, run.embedder.fingerprint.digest):
        raise UsageError(
            f"{name} was embedded by another model than the settings name; its vectors cannot be searched with this one. "
            "Set the embedder that built it, or measure another version."
        )
    golden, ledger = read_golden_set(run), run.ledger(name)
    if golden is not None and ledger is not None:
        evidence = evidence_in(run, golden, judged_documents(run, golden, ledger))
        golden = replace(golden, lost_evidence=evidence.lost_pairs)
    candidate = None if golden is None else ask(run, golden, name)
    if candidate is not None:
        run.folder.write_table(QUERIES_FILE, candidate.to_table())
    result = judge_recall(
        golden=golden,
        candidate=candidate,
        live=_live_answers(run, golden, live, candidate if name == live else None),
        candidate_doc_ids=set() if ledger is None else set(ledger["doc_id"]),
        settings=run.kb_settings.recall,
        unrelated_similarity=_unrelated_similarity(run, golden, name),
    )
    return result.model_copy(
        update={"versions": {"candidate": name, "live": live, "golden_set": golden and golden.content_hash}}
    )


def ask(run: Run, golden: GoldenSet, version: str) -> QueryResults:
    """Search a version for every query, as the bot would, and measure the answers."""
    settings = run.kb_settings.recall
    vectors, _ = run.cached_embedder.embed_queries([query.text for query in golden.queries])
    budget = settings.token_budget
    hits = run.store.search(version, vectors, settings.k) if budget is None else _within(run, version, vectors, budget)
    return measure_queries(
        golden,
        hits,
        k=settings.k,
        zero_hit_similarity=settings.zero_hit_similarity,
        budget_tokens=budget,
        min_relevance=settings.min_relevance,
    )


def _unrelated_similarity(run: Run, golden: GoldenSet | None, version: str) -> float | None:
    """Compare every query with a few random chunks of a version, the same ones for the same seed."""
    if golden is None:
        return None
    queries, _ = run.cached_embedder.embed_queries([query.text for query in golden.queries])
    return unrelated_similarity(
        queries, vectors_of(run.store.sample(version, RANDOM_CHUNKS, ["vector"], run.kb_settings.recall.seed))
    )


def _within(run: Run, version: str, vectors: NDArray[np.float32], budget_tokens: int) -> Hits:
    """Retrieve as many chunks of each query as fit into the budget, at most `MOST_CHUNKS`."""
    depth = run.kb_settings.recall.k
    while True:
        hits = run.store.search(version, vectors, depth)
        n_tokens = _tokens(run, version, hits)
        if depth >= MOST_CHUNKS or fills_budget(hits, n_tokens, budget_tokens):
            return cut_at_budget(hits, n_tokens, budget_tokens)
        depth = min(2 * depth, MOST_CHUNKS)


def _tokens(run: Run, version: str, hits: Hits) -> NDArray[np.int64]:
    """Tokens of each chunk retrieved, 0 where there is none; only the documents retrieved are read."""
    doc_ids = sorted(set(hits.doc_ids.ravel()) - {""})
    tables = run.store.read(version, ["chunk_id", "n_tokens"], doc_ids)
    of_chunk = {"": 0}
    for table in tables:
        of_chunk.update(zip(*(table.column(name).to_pylist() for name in ("chunk_id", "n_tokens")), strict=True))
    counts = [of_chunk[chunk_id] for chunk_id in hits.chunk_ids.ravel()]
    return np.array(counts, dtype=np.int64).reshape(hits.chunk_ids.shape)


def _live_answers(
    run: Run, golden: GoldenSet | None, live: str | None, measured: QueryResults | None = None
) -> LiveAnswers | None:
    """What is live, and its answers, if they are not `measured` yet."""
    ledger = run.ledger(live, ["doc_id"])
    if live is None or ledger is None or golden is None:
        return None
    results = _live_results(run, golden, live) if measured is None else measured
    return LiveAnswers(live, frozenset(ledger["doc_id"]), results)


def _live_results(run: Run, golden: GoldenSet, live: str) -> QueryResults | None:
    """Ask live the same queries; if it was embedded by another model, take what its own run measured."""
    if run.registry.version(run.kb, live).facts.fingerprint == run.embedder.fingerprint.digest:
        return ask(run, golden, live)
    folder = run.version_folder(live)
    return QueryResults.from_table(folder.read_table(QUERIES_FILE)) if folder.exists(QUERIES_FILE) else None
