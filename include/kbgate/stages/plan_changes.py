"""Compare the accepted documents with the base version."""

from dataclasses import asdict
from itertools import chain

import pandas as pd
from pydantic import TypeAdapter

from kbgate.corpus import BATCH_FILE, DOCUMENTS_FILE, read_documents, write_documents
from kbgate.pipeline import PAGE_FILES
from kbgate.quality.id_places import id_places
from kbgate.releases.change_examples import change_examples, example_ids
from kbgate.releases.ledger import ChangePlan
from kbgate.releases.ledger import plan_changes as compare
from kbgate.results import StageResult
from kbgate.run import START_FILE, Run
from kbgate.stages.check_documents import ACCEPTED_FILE, QUARANTINE_FILE
from kbgate.stages.read_documents import DELETIONS_FILE, batch_mode, read_rejected

PLAN_FILE = "plan.json"
CHANGES_FILE = PAGE_FILES["plan_changes"]


def plan_changes(run: Run) -> StageResult:
    """Write which documents are added, changed, removed or unchanged, and the new texts; skip when nothing changed.

    `changes.json` has the numbers and a few documents of each kind, for pages.
    """
    if not run.folder.exists(START_FILE) or not run.folder.exists(QUARANTINE_FILE):
        return StageResult(message="The documents were not judged, so there is nothing to plan.", skipped=True)
    accepted = run.folder.read_table(ACCEPTED_FILE, ["doc_id", "content_hash"]).to_pandas()
    base = run.ledger(run.start.base, ["doc_id", "content_hash", "title"])
    plan = compare(
        base,
        accepted,
        _left_out(run, accepted["doc_id"]),
        batch_mode(run),
        run.folder.read_json(DELETIONS_FILE),
        rechunk_all=run.start.rebuild,
        n_unidentified=sum(1 for row in read_rejected(run) if not row.doc_id),
    )
    fresh = set(plan.added + plan.changed)
    write_documents(run.folder, DOCUMENTS_FILE, read_documents(run.folder, BATCH_FILE, fresh))
    run.folder.write_json(PLAN_FILE, asdict(plan))
    titles = _titles(run, example_ids(plan), base)
    run.folder.write_json(CHANGES_FILE, {"schema_version": 1, **change_examples(plan, titles)})
    counts = change_counts(plan)
    message = ", ".join(f"{number} {name}" for name, number in counts.items())
    warnings = "".join(f" {warning}" for warning in plan.warnings)
    if run.start.base == run.start.live and not (plan.to_chunk or plan.removed):
        return StageResult(message=f"Nothing changed: {message}.{warnings}", skipped=True, summary=counts)
    return StageResult(message=f"Documents: {message}.{warnings}", summary=counts)


def read_plan(run: Run) -> ChangePlan:
    """Return the plan of this run."""
    return TypeAdapter(ChangePlan).validate_python(run.folder.read_json(PLAN_FILE))


def change_counts(plan: ChangePlan) -> dict[str, int]:
    """Return the number of documents of each kind."""
    return {name: len(getattr(plan, name)) for name in ("added", "changed", "removed", "unchanged", "kept")}


def _left_out(run: Run, accepted: "pd.Series[str]") -> "pd.Series[str]":
    """Ids of the documents that are in quarantine and not accepted all the same."""
    doc_ids = run.folder.read_table(QUARANTINE_FILE, ["doc_id"]).to_pandas()["doc_id"].drop_duplicates()
    return doc_ids[(id_places(doc_ids, accepted) < 0) & (doc_ids != "")]


def _titles(run: Run, doc_ids: list[str], base: pd.DataFrame | None) -> dict[str, str]:
    """Titles of a few documents: new ones, or the base version's."""
    new = (batch.to_pandas() for batch in run.folder.iter_table(DOCUMENTS_FILE, ["doc_id", "title"], 20_000))
    found: dict[str, str] = {}
    for rows in chain(() if base is None else (base,), new):
        shown = rows[rows["doc_id"].isin(doc_ids)]
        found.update(zip(shown["doc_id"], shown["title"], strict=True))
    return found
