"""One DAG a knowledge base: the nightly ingest, `kb_ingest__<kb>`."""

from airflow.sdk import DAG, Param

from kbgate.airflow_adapter import candidate_args, candidate_pipeline, knowledge_bases

DOC = """
### Ingest of the knowledge base **{kb}**

Builds a candidate index beside the live one, judges it, and moves the live pointer only if every gate passes.
**A red run has changed nothing for users, and the live version goes on serving, unless its note begins with "Promoted":** then the
promotion succeeded and only what came after it failed, such as deleting old versions.

**The run is red. What now?**
1. The run's note (top of the run) says in one sentence why. The tab "kbgate report" of the run, or of the red task, shows it all.
2. `check_documents` or `check_chunks` red: the batch is bad. The rows and reasons are in `quarantine.parquet` in the run's folder
   (the `report` task prints its address). Have the export mended, then clear this run from `open_run`, or wait for the next night.
3. `check_recall` red: users would find less. The worst questions are listed in `gates/recall.json`. Do not promote by other means.
   `check_golden_set` red: the questions themselves cannot be trusted, so recall was not measured. `kbgate golden check --kb {kb}` lists
   why.
4. `check_drift` red: the new material is unlike what is live. Look at the documents listed first in the report.
   `check_coverage` red: documents that answer key questions, or most of a topic, are gone. The report names them; ask who deleted them.
   `reconcile` red: source, ledger and store disagree, or the index misses what it holds. Clear `build_candidate`; if it repeats, mend
   the store.
5. `promote` red, "passed every gate and waits": somebody has rolled back, and no ingest promotes by itself until a person has
   promoted something. Look at what the candidate changes, then trigger `kb_promote__{kb}`.
6. Any task red, "is being worked on by": another run holds the lease. Wait for it; if it is dead, the message has the command.
7. Another task red (`read_documents`, `build_candidate` …): something was down; it was retried already. Mend it and clear the task with
   those downstream: it takes the lease again by itself. A run that was promoted refuses that; start a new one.

**Users complain about a version that was promoted?** Trigger `kb_rollback__{kb}`: seconds, no gates.
"""

for kb, settings in knowledge_bases().items():
    with DAG(
        dag_id=f"kb_ingest__{kb}",
        schedule=settings.schedule,
        catchup=False,
        max_active_runs=1,
        default_args=candidate_args(),
        doc_md=DOC.format(kb=kb),
        tags=["kbgate", kb],
        params={
            "batch": Param(
                None, type=["null", "string"], description="Documents to read instead of the settings' source."
            ),
            "mode": Param(
                None, type=["null", "string"], enum=[None, "snapshot", "delta"], description="How to read the batch."
            ),
            "deletions": Param(
                None, type=["null", "string"], description="Delta: file with one doc_id a line to remove."
            ),
            "chunk_size_tokens": Param(None, type=["null", "integer"], minimum=8, maximum=8192),
            "chunk_overlap_tokens": Param(None, type=["null", "integer"], minimum=0, maximum=4096),
            "reason": Param(None, type=["null", "string"], description="Why this run; kept with the version."),
        },
    ) as dag:
        candidate_pipeline(kb, "ingest")
    globals()[dag.dag_id] = dag
