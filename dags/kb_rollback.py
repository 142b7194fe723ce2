"""One DAG a knowledge base: the rollback by hand, `kb_rollback__<kb>`."""

from airflow.sdk import DAG, Param

from kbgate.airflow_adapter import DEFAULT_ARGS, knowledge_bases, rollback_pipeline

DOC = """
### Rollback of the knowledge base **{kb}**

Moves the live pointer back at once. No gate is asked, nothing is rebuilt, no lease is waited for; an ingest that is running cannot
promote over it.

1. *target_version*: leave empty for the version that was live before, or name one (`kbgate versions {kb}` lists them).
2. *reason*: what users saw. It is kept for the post-mortem.
3. Green: users are on that version now. Red: the log says why (for example: there is no earlier version).
"""

for kb in knowledge_bases():
    with DAG(
        dag_id=f"kb_rollback__{kb}",
        schedule=None,
        catchup=False,
        default_args=DEFAULT_ARGS,
        doc_md=DOC.format(kb=kb),
        tags=["kbgate", kb],
        params={
            "reason": Param(type="string", minLength=5, description="What users saw; kept for the post-mortem."),
            "target_version": Param(
                None, type=["null", "string"], description="Version to return to; empty: the previous one."
            ),
        },
    ) as dag:
        rollback_pipeline(kb)
    globals()[dag.dag_id] = dag
