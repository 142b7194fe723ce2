"""One DAG a knowledge base: the rollback by hand, `kb_rollback__<kb>`."""

from airflow.sdk import DAG, Param

from kbgate.airflow_adapter import BY_HAND_ARGS, knowledge_bases, rollback_pipeline

DOC = """
### Rollback of the knowledge base **{kb}**

Moves the live pointer back at once. No gate is asked, nothing is rebuilt, no lease is waited for; an ingest that is running cannot
promote over it. Its tasks go before those of every ingest, but they need Airflow's scheduler and a free slot of its executor:
`kbgate rollback --kb {kb} --reason '...'` does the same without Airflow.

1. *target_version*: leave empty for the version that was live before, or name one (`kbgate versions --kb {kb}` lists them). Empty is
   refused if somebody has rolled back already: look at what is live now, and name a version to go further back.
2. *reason*: what users saw. It is kept for the post-mortem.
3. Green: users are on that version now. Red: the note says why (for example: there is no earlier version).
4. From now on **no ingest promotes by itself**: tonight's batch most likely holds again what was rolled back. Its run is red, and its
   candidate waits for `kb_promote__{kb}`; that, or a hotfix that is promoted, ends this.
"""

for kb in knowledge_bases():
    with DAG(
        dag_id=f"kb_rollback__{kb}",
        schedule=None,
        catchup=False,
        is_paused_upon_creation=False,
        default_args=BY_HAND_ARGS,
        doc_md=DOC.format(kb=kb),
        tags=["kbgate", kb],
        params={
            "reason": Param(
                type="string", minLength=5, pattern=r"\S", description="What users saw; kept for the post-mortem."
            ),
            "target_version": Param(
                None, type=["null", "string"], description="Version to return to; empty: the previous one."
            ),
        },
    ) as dag:
        rollback_pipeline(kb)
    globals()[dag.dag_id] = dag
