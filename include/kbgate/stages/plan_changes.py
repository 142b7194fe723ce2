"""Compare the accepted documents with the base version."""

from dataclasses import asdict

from pydantic import TypeAdapter

from kbgate.corpus import BATCH_FILE, DOCUMENTS_FILE, read_documents, write_documents
from kbgate.pipeline import PAGE_FILES
from kbgate.releases.change_examples import change_examples
from kbgate.releases.ledger import ChangePlan
from kbgate.releases.ledger import plan_changes as compare
from kbgate.results import StageResult
from kbgate.run import START_FILE, Run
from kbgate.stages.check_documents import ACCEPTED_FILE, QUARANTINE_FILE
from kbgate.stages.read_documents import DELETIONS_FILE, batch_mode

PLAN_FILE = "plan.json"
CHANGES_FILE = PAGE_FILES["plan_changes"]


def plan_changes(run: Run) -> StageResult:
    """Write which documents are added, changed, removed or unchanged, and the new texts; skip when nothing changed.

    `changes.json` has the numbers and a few documents of each kind, for pages.
    """
    if not run.folder.exists(START_FILE) or not run.folder.exists(QUARANTINE_FILE):
        return StageResult(message="The documents were not judged, so there is nothing to plan.", skipped=True)
    accepted = run.folder.read_table(ACCEPTED_FILE).to_pandas()
    quarantined = set(run.folder.read_table(QUARANTINE_FILE, ["doc_id"]).column("doc_id").to_pylist()) - set(
        accepted["doc_id"]
    )
    base = run.ledger(run.start.base)
    plan = compare(
        base,
        accepted,
        quarantined - {""},
        batch_mode(run),
        run.folder.read_json(DELETIONS_FILE),
        rechunk_all=run.start.rebuild,
    )
    fresh = set(plan.added + plan.changed)
    write_documents(run.folder, DOCUMENTS_FILE, read_documents(run.folder, BATCH_FILE, fresh))
    run.folder.write_json(PLAN_FILE, asdict(plan))
    new = run.folder.read_table(DOCUMENTS_FILE, ["doc_id", "title"]).to_pandas()
    titles = {} if base is None else dict(zip(base["doc_id"], base["title"], strict=True))
    titles.update(zip(new["doc_id"], new["title"], strict=True))
    run.folder.write_json(CHANGES_FILE, {"schema_version": 1, **change_examples(plan, titles)})
    counts = change_counts(plan)
    message = ", ".join(f"{number} {name}" for name, number in counts.items())
    if run.start.base == run.start.live and not (plan.to_chunk or plan.removed):
        return StageResult(message=f"Nothing changed: {message}.", skipped=True, summary=counts)
    return StageResult(message=f"Documents: {message}.", summary=counts)


def read_plan(run: Run) -> ChangePlan:
    """Return the plan of this run."""
    return TypeAdapter(ChangePlan).validate_python(run.folder.read_json(PLAN_FILE))


def change_counts(plan: ChangePlan) -> dict[str, int]:
    """Return the number of documents of each kind."""
    return {name: len(getattr(plan, name)) for name in ("added", "changed", "removed", "unchanged", "kept")}
