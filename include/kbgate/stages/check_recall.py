"""The recall gate: the golden set asked of the candidate, and of live beside it."""

from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet, load_golden_set
from kbgate.evaluation.query_results import QueryResults, measure_queries
from kbgate.gates.recall import judge_recall
from kbgate.results import GateResult, StageResult
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.build_candidate import candidate_version

QUERIES_FILE = "recall_queries.parquet"


def check_recall(run: Run) -> StageResult:
    """Write `gates/recall.json`, and every query's answer into `recall_queries.parquet`."""
    golden, version = _golden_set(run), candidate_version(run)
    candidate = None if golden is None else ask(run, golden, version)
    if candidate is not None:
        run.folder.write_table(QUERIES_FILE, candidate.to_table())
    result = judge_recall(
        golden=golden,
        candidate=candidate,
        live=_live_results(run, golden, run.start.live),
        candidate_doc_ids=set(run.folder.read_table(LEDGER_FILE, ["doc_id"]).column("doc_id").to_pylist()),
        settings=run.kb_settings.recall,
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
    golden = _golden_set(run)
    candidate = None if golden is None else ask(run, golden, name)
    if candidate is not None:
        run.folder.write_table(QUERIES_FILE, candidate.to_table())
    ledger = run.ledger(name)
    result = judge_recall(
        golden=golden,
        candidate=candidate,
        live=candidate if name == live else _live_results(run, golden, live),
        candidate_doc_ids=set() if ledger is None else set(ledger["doc_id"]),
        settings=run.kb_settings.recall,
    )
    return result.model_copy(
        update={"versions": {"candidate": name, "live": live, "golden_set": golden and golden.content_hash}}
    )


def ask(run: Run, golden: GoldenSet, version: str) -> QueryResults:
    """Search a version for every query, as the bot would, and measure the answers."""
    settings = run.kb_settings.recall
    vectors, _ = run.cached_embedder.embed_queries([query.text for query in golden.queries])
    hits = run.store.search(version, vectors, settings.k)
    return measure_queries(golden, hits, k=settings.k, zero_hit_similarity=settings.zero_hit_similarity)


def _golden_set(run: Run) -> GoldenSet | None:
    location = run.kb_settings.recall.golden_set
    return None if location is None else load_golden_set(location)


def _live_results(run: Run, golden: GoldenSet | None, live: str | None) -> QueryResults | None:
    """Ask live the same queries; if it was embedded by another model, take what its own run measured."""
    if live is None or golden is None:
        return None
    if run.registry.version(run.kb, live).facts.fingerprint == run.embedder.fingerprint.digest:
        return ask(run, golden, live)
    folder = run.version_folder(live)
    return QueryResults.from_table(folder.read_table(QUERIES_FILE)) if folder.exists(QUERIES_FILE) else None
