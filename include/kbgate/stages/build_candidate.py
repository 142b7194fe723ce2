"""Build the candidate version beside the live one."""

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from kbgate.corpus import DOCUMENTS_FILE
from kbgate.releases.ledger import apply_plan
from kbgate.results import StageResult
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.check_documents import ACCEPTED_FILE
from kbgate.stages.chunk_documents import CHUNKS_FILE
from kbgate.stages.embed_chunks import ROWS, VECTORS_FILE
from kbgate.stages.plan_changes import read_plan

CANDIDATE_FILE = "candidate.json"


def build_candidate(run: Run) -> StageResult:
    """Reserve the next version, build it in the store as base minus replaced documents plus new chunks, write its ledger."""
    plan, start = read_plan(run), run.start
    ledger = apply_plan(run.ledger(start.base), plan, _fresh_rows(run))
    version = run.registry.reserve_version(
        run.kb,
        run.request.run_key,
        kind=run.version_kind,
        base=start.base,
        bump="first" if start.base is None else "minor" if start.rebuild else "patch",
        actor=run.request.actor,
        reason=run.request.reason,
    ).version
    if version in run.store.versions():
        # An earlier try of this very run finished building; nobody else can have reserved the name.
        run.store.drop(version, protected=run.protected_versions())
    n_chunks = run.store.build(
        version,
        _batches(run),
        dimension=run.embedder.fingerprint.dimension,
        parent=None if plan.rechunk_all else start.base,
        removed_doc_ids=() if plan.rechunk_all else plan.to_replace,
    )
    run.folder.write_table(LEDGER_FILE, pa.Table.from_pandas(ledger, preserve_index=False))
    run.folder.write_json(CANDIDATE_FILE, {"version": version, "n_chunks": n_chunks, "n_documents": len(ledger)})
    return StageResult(
        message=f"{version} has {len(ledger)} documents in {n_chunks} chunks.",
        summary={"version": version, "n_documents": len(ledger), "n_chunks": n_chunks},
    )


def candidate_version(run: Run) -> str:
    """Return the name of the version that this run built."""
    return str(run.folder.read_json(CANDIDATE_FILE)["version"])


def _batches(run: Run) -> Iterator[pa.Table]:
    for batch in run.folder.iter_table(VECTORS_FILE, batch_rows=ROWS):
        yield pa.Table.from_batches([batch])


def _fresh_rows(run: Run) -> pd.DataFrame:
    """Ledger rows of the documents that this run cut into chunks."""
    columns = ["doc_id", "content_hash", "title", "source_uri", "updated_at", "lang"]
    new = run.folder.read_table(DOCUMENTS_FILE, columns).to_pandas()
    numbers = run.folder.read_table(
        ACCEPTED_FILE, ["doc_id", "text_hash", "n_chars", "n_tokens", "language"]
    ).to_pandas()
    new = new.merge(numbers, on="doc_id", how="left")
    new["lang"] = new["lang"].fillna(new["language"])
    base, plan = run.ledger(run.start.base), read_plan(run)
    rows = new.drop(columns="language").assign(run_key=run.request.run_key)
    if base is not None and plan.rechunk_all:
        stays = base[base["doc_id"].isin(plan.unchanged + plan.kept)].drop(columns="n_chunks")
        rows = pd.concat([rows, stays]) if len(rows) else stays
    n_chunks = run.folder.read_table(CHUNKS_FILE, ["doc_id"]).to_pandas()["doc_id"].value_counts()
    return rows.assign(n_chunks=rows["doc_id"].map(n_chunks).fillna(0).astype("int64"))
