"""The only module of the package that imports Airflow: DAG wiring, connections, and verdicts as task states."""

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, BaseHook, TriggerRule, chain, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException
from pydantic import SecretStr

from kbgate.errors import ConflictError, InfrastructureError, KbgateError, UsageError
from kbgate.results import StageResult
from kbgate.settings import KnowledgeBaseSettings, Settings, load_settings

RETRIES = {"retries": 2, "retry_delay": timedelta(seconds=30), "retry_exponential_backoff": True}
BY_HAND_ARGS = {**RETRIES, "priority_weight": 1000, "weight_rule": "absolute"}
"""Of tasks that users wait for: before every task of an ingest, whose weights are the number of tasks that follow."""


def candidate_args() -> dict[str, Any]:
    """Return what all tasks of an ingest or hotfix have in common: retries, and the pool that leaves a slot to a rollback."""
    return {**RETRIES, "pool": load_settings().airflow_pool}


def knowledge_bases() -> dict[str, KnowledgeBaseSettings]:
    """Return every knowledge base of the settings file; each gets its own DAGs."""
    return load_settings().kb


def live_asset(kb: str) -> Asset:
    """Return the asset that a promotion or rollback of `kb` updates."""
    return Asset(name=f"kbgate_{kb}_live", uri=f"kbgate://{kb}/live")


def candidate_pipeline(kb: str, kind: str) -> None:
    """Wire the tasks that make, judge and promote one candidate; every task is one function of `kbgate.stages`.

    `plan_changes` goes on after a failed document gate, so that the chunk gate's reasons are named in the same run; nothing is
    embedded before both have passed. `report` is a teardown: it always runs and never turns a red run green.
    """

    # An ingest or hotfix that finds another one at work waits for it, about an hour and a half in all.
    @task(retries=12, max_retry_delay=timedelta(minutes=10))
    def open_run() -> dict[str, Any]:
        """Check the parameters, take the lease and note what is live."""
        return run_stage("open_run", kb, kind)

    @task
    def read_documents() -> dict[str, Any]:
        """Read the source into the run's folder."""
        return run_stage("read_documents", kb, kind)

    @task
    def check_documents() -> dict[str, Any]:
        """Judge the documents; set bad rows aside."""
        return run_stage("check_documents", kb, kind)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def plan_changes() -> dict[str, Any]:
        """Compare the accepted documents with the base version."""
        return run_stage("plan_changes", kb, kind)

    @task
    def chunk_documents() -> dict[str, Any]:
        """Cut added and changed documents into chunks."""
        return run_stage("chunk_documents", kb, kind)

    @task
    def check_chunks() -> dict[str, Any]:
        """Judge the chunks."""
        return run_stage("check_chunks", kb, kind)

    @task
    def embed_chunks() -> dict[str, Any]:
        """Embed the chunks that the cache does not know."""
        return run_stage("embed_chunks", kb, kind)

    @task
    def build_candidate() -> dict[str, Any]:
        """Build the candidate version beside the live one."""
        return run_stage("build_candidate", kb, kind)

    @task
    def reconcile() -> dict[str, Any]:
        """Compare source, ledger and store."""
        return run_stage("reconcile", kb, kind)

    @task
    def check_drift() -> dict[str, Any]:
        """Compare the candidate's vectors with live's."""
        return run_stage("check_drift", kb, kind)

    @task
    def check_coverage() -> dict[str, Any]:
        """Look for the documents that key intents need, and for topics that left."""
        return run_stage("check_coverage", kb, kind)

    @task
    def check_golden_set() -> dict[str, Any]:
        """Find the golden set's evidence again, and what is wrong with its questions."""
        return run_stage("check_golden_set", kb, kind)

    @task
    def check_recall() -> dict[str, Any]:
        """Measure recall on the golden set."""
        return run_stage("check_recall", kb, kind)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def decide() -> dict[str, Any]:
        """Re-read every gate's file and write the decision."""
        return run_stage("decide", kb, kind)

    @task(outlets=[live_asset(kb)])
    def promote() -> dict[str, Any]:
        """Verify the decision and move the live pointer."""
        return run_stage("promote", kb, kind)

    @task
    def collect_garbage() -> dict[str, Any]:
        """Drop versions that no release names."""
        return run_stage("collect_garbage", kb, kind)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def report() -> dict[str, Any]:
        """Write the report and give the lease back."""
        return run_stage("report", kb, kind)

    documents, chunks, vectors, decision = check_documents(), check_chunks(), embed_chunks(), decide()
    golden, recall = check_golden_set(), check_recall()
    side_by_side = [reconcile(), check_drift(), check_coverage(), golden]
    chain(
        open_run(),
        read_documents(),
        documents,
        plan_changes(),
        chunk_documents(),
        chunks,
        vectors,
        build_candidate(),
        side_by_side,
    )
    golden >> recall
    chain([*side_by_side, recall], decision, promote(), collect_garbage(), report().as_teardown())
    documents >> [vectors, decision]
    chunks >> decision


def rollback_pipeline(kb: str) -> None:
    """Wire the two tasks of a rollback."""

    @task(outlets=[live_asset(kb)])
    def roll_back() -> dict[str, Any]:
        """Move the live pointer back, past every gate."""
        return run_stage("roll_back", kb, "rollback")

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def report() -> dict[str, Any]:
        """Write the report."""
        return run_stage("report", kb, "rollback")

    roll_back() >> report().as_teardown()


def promotion_pipeline(kb: str) -> None:
    """Wire the two tasks of a promotion by hand."""

    @task(outlets=[live_asset(kb)])
    def promote_by_hand() -> dict[str, Any]:
        """Verify the candidate's decision and move the live pointer."""
        return run_stage("promote_by_hand", kb, "promotion")

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def report() -> dict[str, Any]:
        """Write the report."""
        return run_stage("report", kb, "promotion")

    promote_by_hand() >> report().as_teardown()


def run_stage(stage: str, kb: str, kind: str) -> dict[str, Any]:
    """Run one stage of this DAG run; a verdict that holds the promotion fails the task without retry.

    Raises:
        AirflowFailException: a gate holds, or something only a person can mend.
        AirflowSkipException: there is nothing to do.
        InfrastructureError, ConflictError: worth a retry.
    """
    from kbgate import pipeline
    from kbgate.artifacts import run_key_of

    context = get_current_context()
    run_key = run_key_of(context["dag"].dag_id, context["run_id"])
    try:
        settings = with_connections(load_settings(), kb)
        request = _request(context, settings, kb, kind, run_key, stage) if stage in pipeline.FIRST_STAGES else None
        result = pipeline.run_stage(stage, settings, kb, run_key, request)
    except (InfrastructureError, ConflictError):
        raise
    except KbgateError as error:
        raise AirflowFailException(str(error)) from error
    _announce(context, kb, result)
    if result.skipped:
        raise AirflowSkipException(result.message)
    if result.holds:
        raise AirflowFailException(result.message)
    return {"message": result.message, **result.summary}


def with_connections(settings: Settings, kb: str) -> Settings:
    """Fill in the addresses and passwords that live in Airflow connections.

    Raises:
        UsageError: a connection that the settings name does not exist.
    """
    settings = with_registry_connection(settings)
    section = settings.knowledge_base(kb)
    sections: dict[str, Any] = {}
    for name in ("source", "store"):
        part = getattr(section, name)
        if part.airflow_connection:
            dsn = _connection_dsn(part.airflow_connection)
            if dsn is None:
                raise UsageError(
                    f"kb.{kb}.{name}.airflow_connection names {part.airflow_connection!r}, and Airflow has no such connection. "
                    "Create it under Admin, Connections."
                )
            sections[name] = part.model_copy(update={"options": {**part.options, "dsn": dsn}})
    return settings.model_copy(update={"kb": {**settings.kb, kb: section.model_copy(update=sections)}})


def with_registry_connection(settings: Settings) -> Settings:
    """Fill in the registry's address, if the Airflow connection that the settings name exists."""
    dsn = _connection_dsn(settings.registry.airflow_connection)
    if not dsn:
        return settings
    return settings.model_copy(update={"registry": settings.registry.model_copy(update={"dsn": SecretStr(dsn)})})


def _connection_dsn(connection_id: str) -> str | None:
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        return None
    uri = connection.get_uri()
    scheme, _, rest = uri.partition("://")
    return f"postgresql+pg8000://{rest}" if scheme in ("postgres", "postgresql") else uri


def _request(context: Any, settings: Settings, kb: str, kind: str, run_key: str, stage: str) -> Any:
    from kbgate import pipeline
    from kbgate.overrides import override_settings
    from kbgate.run import RunRequest

    params, dag_run = dict(context["params"]), context["dag_run"]
    scheduled = dag_run.run_type == "scheduled"
    request = RunRequest(
        kb=kb,
        run_key=run_key,
        kind=kind,
        actor="schedule" if scheduled else (dag_run.triggering_user_name or "unknown"),
        reason=params.get("reason") or ("nightly ingest" if scheduled else "started by hand"),
        base=params.get("base_version"),
        documents=params.get("documents"),
        promote=params.get("after_gates", "promote") == "promote",
        target=params.get("target_version") or params.get("version"),
    )
    # Airflow merges the conf into the task's params, unknown keys too; the DAG's own are only those that it declares.
    declared = set(context["dag"].params)
    unknown = sorted(set(dag_run.conf or {}) - declared)
    try:
        if unknown:
            raise UsageError(f"This DAG has no parameter {', '.join(unknown)}. It has: {', '.join(sorted(declared))}.")
        overrides = override_settings(settings.knowledge_base(kb), params)
    except KbgateError as error:
        pipeline.refuse_run(settings, request, stage, error)
        raise
    return request.model_copy(update={"overrides": overrides})


def _announce(context: Any, kb: str, result: StageResult) -> None:
    asset = live_asset(kb)
    if result.live_event and asset in context["outlets"]:
        context["outlet_events"][asset].extra = result.live_event
