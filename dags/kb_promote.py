"""One DAG a knowledge base: the promotion by hand, `kb_promote__<kb>`."""

from airflow.sdk import DAG, Param

from kbgate.airflow_adapter import BY_HAND_ARGS, knowledge_bases, promotion_pipeline

DOC = """
### Promotion of a waiting candidate of **{kb}**, by hand

For a version that passed every gate and waits for a person: a hotfix that was "build only", or the first ingest after a rollback.
Its decision record is verified again; what a gate held cannot be promoted here.

1. Look at what would change: the page "Knowledge bases", or `kbgate diff --kb {kb} <live version> <version>`.
2. *version*: the candidate (the note of its run names it, `kbgate versions --kb {kb}` lists them). *reason*: kept in the history.
3. Green: users are on that version now, and the nightly ingest promotes by itself again. Red: the note says why, and nothing has
   changed. "The release moved" means that another version went live since the candidate was judged: run its ingest again.
"""

for kb in knowledge_bases():
    with DAG(
        dag_id=f"kb_promote__{kb}",
        schedule=None,
        catchup=False,
        is_paused_upon_creation=False,
        default_args=BY_HAND_ARGS,
        doc_md=DOC.format(kb=kb),
        tags=["kbgate", kb],
        params={
            "version": Param(type="string", pattern=r"^v\d", description="The candidate to make live, such as v1.0.2."),
            "reason": Param(type="string", minLength=5, pattern=r"\S", description="Why; kept in the history."),
        },
    ) as dag:
        promotion_pipeline(kb)
    globals()[dag.dag_id] = dag
