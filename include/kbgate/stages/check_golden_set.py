"""The golden-set gate: do the questions and their judgements still fit the candidate, and can they be trusted?"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from kbgate.corpus import read_version_documents
from kbgate.errors import UsageError
from kbgate.evaluation.circularity import find_circular_judgements
from kbgate.evaluation.evidence import Evidence, JudgementState, resolve_evidence
from kbgate.evaluation.golden_set import GoldenSet, load_golden_set
from kbgate.evaluation.leakage import find_leaked_queries
from kbgate.evaluation.query_duplicates import find_query_duplicates
from kbgate.gates.golden_set import GoldenFindings, judge_golden_set
from kbgate.pipeline import PAGE_FILES
from kbgate.records import Document
from kbgate.results import StageResult
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.build_candidate import candidate_version

if TYPE_CHECKING:
    import pandas as pd

GOLDEN_FILE = PAGE_FILES["check_golden_set"]


def check_golden_set(run: Run) -> StageResult:
    """Write `gates/golden_set.json`, and `golden.json`: where all evidence stands now, and what recall must leave out."""
    golden, version, live = read_golden_set(run), candidate_version(run), run.start.live
    findings = None
    if golden is not None:
        ledger = run.folder.read_table(LEDGER_FILE).to_pandas()
        findings = examine(run, golden, judged_documents(run, golden, ledger), live)
        run.folder.write_json(GOLDEN_FILE, _handed_over(findings.evidence))
    gate = judge_golden_set(findings, run.kb_settings.golden)
    versions = {"candidate": version, "live": live, "golden_set": golden and golden.content_hash}
    return run.finish_gate(gate.model_copy(update={"versions": versions}))


def read_golden_set(run: Run) -> GoldenSet | None:
    """Return the golden set that the settings name, or None."""
    location = run.kb_settings.recall.golden_set
    return None if location is None else load_golden_set(location)


def relevant_golden_set(run: Run) -> GoldenSet | None:
    """The same with only the judgements that recall counts as relevant (`recall.min_relevance`)."""
    golden = read_golden_set(run)
    return None if golden is None else golden.relevant_from(run.kb_settings.recall.min_relevance)


def examine(run: Run, golden: GoldenSet, documents: Iterable[Document], live: str | None) -> GoldenFindings:
    """Look for everything that can be wrong with a golden set; `documents` holds at least the judged ones that exist."""
    settings, judged = run.kb_settings.golden, {judgement.doc_id for judgement in golden.judgements}
    found = {document.doc_id: document for document in documents if document.doc_id in judged}
    titled = {doc_id: f"{document.title}\n{document.text}" for doc_id, document in found.items()}
    similarity, min_bytes = settings.leak_similarity, settings.min_leak_bytes
    return GoldenFindings(
        evidence=evidence_in(run, golden, found.values()),
        duplicates=find_query_duplicates([q.text for q in golden.queries], settings.near_duplicate_similarity),
        leaks=find_leaked_queries(golden, titled, min_similarity=similarity, min_bytes=min_bytes),
        circular=find_circular_judgements(golden, _under_test(run, live)),
        live=live,
        live_hash=None if live is None else run.registry.version(run.kb, live).facts.golden_hash,
    )


def evidence_in(run: Run, golden: GoldenSet, documents: Iterable[Document]) -> Evidence:
    """Find the evidence of a golden set in some documents."""
    texts = {document.doc_id: document.text for document in documents}
    settings = run.kb_settings
    return resolve_evidence(
        golden,
        texts,
        min_similarity=settings.golden.min_quote_similarity,
        min_relevance=settings.recall.min_relevance,
    )


def judged_documents(run: Run, golden: GoldenSet, ledger: "pd.DataFrame") -> Iterator[Document]:
    """Yield the documents of a version that the golden set judges."""
    return version_documents(run, ledger, {judgement.doc_id for judgement in golden.judgements})


def version_documents(run: Run, ledger: "pd.DataFrame", doc_ids: Collection[str]) -> Iterator[Document]:
    """Yield those of some documents that a version has, from the runs that its ledger names."""
    rows = ledger[ledger["doc_id"].isin(doc_ids)]
    by_run = {str(key): set(group["doc_id"]) for key, group in rows.groupby("run_key")}
    return read_version_documents(run.settings.artifact_root, run.kb, by_run)


def with_lost_evidence(run: Run, golden: GoldenSet) -> GoldenSet:
    """Return the golden set with what this run's check found lost, so that recall leaves the stale questions out.

    Raises:
        UsageError: the golden set was changed since it was checked.
        ArtifactError: it was not checked.
    """
    checked = run.folder.read_json(GOLDEN_FILE)
    if checked["content_hash"] != golden.content_hash:
        raise UsageError(
            f"The golden set {golden.location} was changed after this run checked it. Clear the run from check_golden_set "
            "or start a new one."
        )
    return replace(golden, lost_evidence=frozenset((query, doc) for query, doc in checked["lost_evidence"]))


def _under_test(run: Run, live: str | None) -> set[str]:
    """Every name under which a golden set may know the candidate's or live's embedding model."""
    fingerprint = run.embedder.fingerprint
    names = {fingerprint.model, fingerprint.revision, fingerprint.digest, run.kb_settings.embedder.model}
    if live is not None:
        facts = run.registry.version(run.kb, live).facts
        embedding = (facts.settings or {}).get("embedding", {})
        names |= {str(facts.fingerprint or ""), *(str(embedding.get(name, "")) for name in ("model", "revision"))}
    return names - {""}


def _handed_over(evidence: Evidence) -> dict[str, Any]:
    return {
        "location": evidence.golden.location,
        "content_hash": evidence.golden.content_hash,
        "lost_evidence": sorted(evidence.lost_pairs),
        "stale": [asdict(query) for query in evidence.stale],
        "judgements": [_row(state) for state in evidence.states],
    }


def _row(found: JudgementState) -> dict[str, Any]:
    judgement, span = found.judgement, found.span
    return {
        "query_id": judgement.query_id,
        "doc_id": judgement.doc_id,
        "state": found.state,
        "judged": [judgement.start, judgement.end],
        "now": [span.start, span.end] if span else [None, None],
        "similarity": round(span.similarity, 4) if span else None,
    }
