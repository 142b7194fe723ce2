"""One DAG a knowledge base: the hotfix by hand, `kb_hotfix_reindex__<kb>`."""

from airflow.sdk import DAG, Param

from kbgate.airflow_adapter import candidate_args, candidate_pipeline, knowledge_bases

DOC = """
### Hotfix of the knowledge base **{kb}**, by hand

Rebuilds a version with a repaired batch, other chunk sizes or another model, as `v1.2.1-hotfix`. **The same gates apply.**

1. If users suffer now, roll back first: `kb_rollback__{kb}`.
2. Trigger this DAG. *base_version*: the version to repair (empty: the live one). *batch*: the repaired documents (empty: the base's
   own texts are cut and embedded again). *documents*: a pattern such as `billing/*` if only some documents of the batch are to be taken.
3. *after_gates*: "promote" moves the live pointer when all gates pass; "build only" leaves that to
   `kb_promote__{kb}`.
4. Red run: read its note, as for the nightly ingest. Unless it begins with "Promoted", nothing has changed for users.
"""

for kb in knowledge_bases():
    with DAG(
        dag_id=f"kb_hotfix_reindex__{kb}",
        schedule=None,
        catchup=False,
        is_paused_upon_creation=False,
        max_active_runs=1,
        default_args=candidate_args(),
        doc_md=DOC.format(kb=kb),
        tags=["kbgate", kb],
        params={
            "reason": Param(
                type="string", minLength=5, pattern=r"\S", description="Why this hotfix; kept with the version."
            ),
            "base_version": Param(None, type=["null", "string"], description="Version to repair; empty: the live one."),
            "batch": Param(None, type=["null", "string"], description="Repaired documents; empty: the base's own."),
            "documents": Param(
                None,
                type=["null", "string"],
                description="Only with a batch: which of its documents, such as billing/*.",
            ),
            "chunk_size_tokens": Param(None, type=["null", "integer"], minimum=8, maximum=8192),
            "chunk_overlap_tokens": Param(None, type=["null", "integer"], minimum=0, maximum=4096),
            "model": Param(
                None, type=["null", "string"], description="Another embedding model: folder, package or hub id."
            ),
            "model_sha256": Param(
                None, type=["null", "string"], pattern="^[0-9a-f]{64}$", description="SHA-256 of its weights."
            ),
            "after_gates": Param("promote", type="string", enum=["promote", "build only"]),
        },
    ) as dag:
        candidate_pipeline(kb, "hotfix")
    globals()[dag.dag_id] = dag
