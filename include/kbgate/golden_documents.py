"""The documents that golden questions are judged against: live's; before anything is live, what may become it."""

from collections.abc import Iterator

from kbgate.errors import UsageError
from kbgate.evaluation.golden_set import GoldenSet
from kbgate.records import Document
from kbgate.run import Run
from kbgate.stages.check_golden_set import judged_documents

SOURCE = "the source"
WITH_TEXTS = ("candidate", "blocked", "promoted")
"""States of versions whose ledger, texts and index are there."""


def newest_version(run: Run) -> str | None:
    """Name of the live version, else of the newest that was built; None when nothing was."""
    run.registry.migrate()
    built = [version.version for version in run.registry.versions(run.kb) if version.state in WITH_TEXTS]
    return run.registry.release(run.kb).live or (built[-1] if built else None)


def searched_version(run: Run) -> str:
    """Name of the version that answers questions about what users would find.

    Raises:
        UsageError: nothing was built yet.
    """
    version = newest_version(run)
    if version is None:
        raise UsageError(f"Nothing of {run.kb} was built yet. Run: kbgate ingest --kb {run.kb}")
    return version


def documents_to_judge(run: Run, golden: GoldenSet) -> tuple[str, list[Document]]:
    """Where the judged documents come from, a version's name or `SOURCE`, and those of them that are there."""
    version = newest_version(run)
    ledger = run.ledger(version)
    if version is None or ledger is None:
        wanted = {judgement.doc_id for judgement in golden.judgements}
        return SOURCE, [document for document in source_documents(run) if document.doc_id in wanted]
    return version, list(judged_documents(run, golden, ledger))


def source_documents(run: Run) -> Iterator[Document]:
    """Yield the documents of the run's own source, without the rows that are none."""
    return (row for row in run.source.read() if isinstance(row, Document))
