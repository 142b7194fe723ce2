"""Run the stages of a pipeline, in Airflow one task each, on the command line one after another."""

import json
import logging
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module

from kbgate.errors import ArtifactError, InfrastructureError, KbgateError
from kbgate.results import StageResult
from kbgate.run import REQUEST_FILE, START_FILE, Run, RunRequest, load_run
from kbgate.settings import Settings
from kbgate.stages.open_run import note_start, refuse_promoted, take_lease

log = logging.getLogger(__name__)

INTERRUPTED = "it was interrupted (Ctrl-C or SIGTERM)."

STAGES = (
    "open_run",
    "read_documents",
    "check_documents",
    "plan_changes",
    "chunk_documents",
    "check_chunks",
    "embed_chunks",
    "build_candidate",
    "reconcile",
    "check_drift",
    "check_coverage",
    "check_golden_set",
    "check_recall",
    "decide",
    "promote",
    "collect_garbage",
    "report",
)
BY_HAND = ("roll_back", "promote_by_hand")
"""Stages that move the live pointer for a person, each in a run of its own."""
FIRST_STAGES = ("open_run", *BY_HAND)
"""Stages that begin a run: they are told what was asked."""
GATES = {
    "check_documents": "documents",
    "check_chunks": "chunks",
    "reconcile": "reconcile",
    "check_drift": "drift",
    "check_coverage": "coverage",
    "check_golden_set": "golden_set",
    "check_recall": "recall",
}
"""Stage -> name of the gate whose file it writes."""
PAGE_FILES = {
    "check_documents": "quarantine_summary.json",
    "plan_changes": "changes.json",
    "check_drift": "map.json",
    "check_golden_set": "golden.json",
    "check_recall": "recall_queries.parquet",
}
"""Stage -> the file it writes for pages to show beside its conclusion, and that must not outlive it."""


def run_stage(
    stage: str,
    settings: Settings,
    kb: str,
    run_key: str,
    request: RunRequest | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> StageResult:
    """Run one stage and keep what it came to in `stages/<stage>.json`, with its seconds and peak memory.

    A stage that may not begin (its run was promoted, its settings have changed, another run holds the lease) leaves everything
    as it was. One that starts withdraws what it and all later stages concluded in an earlier try, so that no decision can rest
    on a stale result.

    Raises:
        KbgateError: the stage could not do its work; what it meant is in the message.
    """
    run = Run(settings, request) if request is not None else load_run(settings, kb, run_key)
    run = replace(run, progress=progress)
    if stage == "open_run" and run.folder.exists(REQUEST_FILE):
        run.registry.migrate()
        refuse_promoted(run)
    if request is not None:
        _write_request(run, stage)
    else:
        _admit(run, stage)
    return _perform(run, stage)


def refuse_run(settings: Settings, request: RunRequest, stage: str, error: KbgateError) -> None:
    """Leave what a report needs of a run whose parameters were refused before its first stage could begin."""
    run = Run(settings, request)
    if not run.folder.exists(REQUEST_FILE):
        _write_request(run, stage)
        _keep(run, stage, {"error": str(error)}, time.perf_counter())


def _write_request(run: Run, stage: str) -> None:
    try:
        run.folder.write_json(REQUEST_FILE, run.request.model_dump(mode="json"))
    except InfrastructureError as error:
        # Users wait for a rollback; it must not wait for a disk.
        if stage != "roll_back":
            raise
        log.warning("%s", error)


def _admit(run: Run, stage: str) -> None:
    """Let a stage after the first begin only on the run's own terms, and take or prolong the lease for it."""
    if stage not in STAGES or stage == "report" or not run.folder.exists(START_FILE):
        return
    began = time.perf_counter()
    try:
        if stage in STAGES[: STAGES.index("promote")]:
            refuse_promoted(run)
            _ = run.start  # refuses settings that have changed
        elif stage == "promote":
            refuse_promoted(run, unless_live=True)
        take_lease(run)
    except KbgateError as error:
        if not run.folder.exists(f"stages/{stage}.json"):
            _keep(run, stage, {"error": str(error)}, began)
        raise


def _perform(run: Run, stage: str) -> StageResult:
    withdraw(run, stage)
    work: Callable[[Run], StageResult] = getattr(import_module(f"kbgate.stages.{stage}"), stage)
    began = time.perf_counter()
    try:
        result = work(run)
    except KbgateError as error:
        with suppress(InfrastructureError):
            _keep(run, stage, {"error": str(error)}, began)
        raise
    except KeyboardInterrupt:
        _keep(run, stage, {"error": INTERRUPTED}, began)
        raise
    try:
        _keep(run, stage, result.model_dump(), began)
    except InfrastructureError as error:
        if stage != "roll_back":
            raise
        result = result.model_copy(update={"message": f"{result.message} Only its files are missing: {error}"})
    log.info("%s %s: %s (%.1f s)", run.kb, stage, result.message, time.perf_counter() - began)
    return result


def _keep(run: Run, stage: str, outcome: dict[str, object], began: float) -> None:
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = round(time.perf_counter() - began, 3)
    run.folder.write_json(f"stages/{stage}.json", {**outcome, "seconds": seconds, "peak_memory_mb": peak_mb})


def withdraw(run: Run, stage: str) -> None:
    """Delete the conclusions of `stage` and of the stages after it; gates that judge the candidate stand side by side."""
    if stage not in STAGES or stage == "report":
        return
    after = STAGES[STAGES.index(stage) :]
    if stage in ("reconcile", "check_drift", "check_coverage", "check_recall"):
        after = (stage, *STAGES[STAGES.index("decide") :])
    elif stage == "check_golden_set":
        # Recall leaves out the questions that it found stale.
        after = (stage, "check_recall", *STAGES[STAGES.index("decide") :])
    if stage == "open_run":
        run.folder.clear(START_FILE)
    for name in after:
        run.folder.clear(f"stages/{name}.json")
        if name in GATES:
            run.folder.clear(f"gates/{GATES[name]}.json")
        if name in PAGE_FILES:
            run.folder.clear(PAGE_FILES[name])
        if name == "decide":
            run.folder.clear("decision.json")


def run_candidate(
    settings: Settings,
    request: RunRequest,
    on_stage: Callable[[str, StageResult | None], None],
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, StageResult]:
    """Run a whole ingest or hotfix in this process, in the order and by the rules of the DAG; return what each stage came to.

    `on_stage(name, None)` is called before a stage, `on_stage(name, result)` after it, `progress(done, total)` within a long
    one. The report is always written.

    Raises:
        KbgateError: a stage could not do its work; the report has been written.
    """
    done: dict[str, StageResult] = {}

    def run(stage: str) -> StageResult:
        on_stage(stage, None)
        given = request if stage == "open_run" else None
        done[stage] = run_stage(stage, settings, request.kb, request.run_key, given, progress)
        on_stage(stage, done[stage])
        return done[stage]

    try:
        run("open_run")
        for stage in ("read_documents", "check_documents", "plan_changes"):
            run(stage)
        if not done["plan_changes"].skipped:
            run("chunk_documents")
            run("check_chunks")
            if not (done["check_documents"].holds or done["check_chunks"].holds):
                for stage in STAGES[STAGES.index("embed_chunks") : STAGES.index("check_recall")]:
                    run(stage)
                if not done["check_golden_set"].holds:
                    run("check_recall")
        decision = run("decide")
        if not (decision.holds or decision.skipped):
            promotion = run("promote")
            if not (promotion.holds or promotion.skipped):
                run("collect_garbage")
    except BaseException:
        # What stopped the run is told, not what then kept its report from being written.
        with suppress(KbgateError):
            run("report")
        raise
    run("report")
    return done


def run_document_check(
    settings: Settings, request: RunRequest, on_stage: Callable[[str, StageResult | None], None]
) -> None:
    """Judge a batch's documents without taking the lease or building anything.

    Raises:
        KbgateError: the batch could not be read or judged.
    """
    run = Run(settings, request)
    run.registry.migrate()
    refuse_promoted(run)
    note_start(run)
    for stage in ("read_documents", "check_documents"):
        on_stage(stage, None)
        on_stage(stage, _perform(load_run(settings, request.kb, request.run_key), stage))


def stage_records(run: Run) -> dict[str, dict[str, object]]:
    """Return what the stages of a run wrote about themselves, in the order of the pipeline."""
    records = {}
    for stage in (*STAGES, *BY_HAND):
        name = f"stages/{stage}.json"
        if run.folder.exists(name):
            try:
                records[stage] = json.loads(run.folder.read_bytes(name))
            except ValueError as error:
                raise ArtifactError(f"{run.folder.uri}/{name} is not JSON: {error}") from error
    return records
