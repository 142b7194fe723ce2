"""The document gate: judge the batch, set bad rows aside."""

from collections.abc import Iterator, Sequence

import pandas as pd
import pyarrow as pa

from kbgate.corpus import BATCH_FILE, read_documents, read_version_documents
from kbgate.gates.documents import DocumentGate, judge_documents
from kbgate.pipeline import PAGE_FILES
from kbgate.quality.document_features import measure_documents
from kbgate.quality.id_places import id_places
from kbgate.quality.profile import DocumentProfile
from kbgate.quality.quarantine import SCHEMA, read_excerpts
from kbgate.quality.quarantine_summary import REASON_COLUMNS, quarantine_summary
from kbgate.quality.replaced_numbers import (
    ReplacedNumbers,
    changed_since_live,
    draw_changed,
    find_replaced_numbers,
)
from kbgate.quality.truncated import find_truncated, shorter_than_live
from kbgate.records import Document
from kbgate.releases.ledger import check_deletions
from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.stages.read_documents import DELETIONS_FILE, batch_mode, read_rejected

ACCEPTED_FILE = "accepted.parquet"
QUARANTINE_FILE = "quarantine.parquet"
SUMMARY_FILE = PAGE_FILES["check_documents"]
PROFILE_FILE = "profile.json"
LEDGER_COLUMNS = ["doc_id", "content_hash", "updated_at", "n_tokens"]
FEATURE_COLUMNS = ["doc_id", "content_hash", "text_hash", "n_chars", "n_tokens", "language"]
BATCH_ROWS = 20_000
ANCESTORS = 5


def check_documents(run: Run) -> StageResult:
    """Write `gates/documents.json`, `quarantine.parquet` and its summary, `profile.json`, the accepted documents' numbers.

    Raises:
        SourceError: deletions contradict the batch.
    """
    quality = run.kb_settings.quality
    rejected = read_rejected(run)
    live = run.start.live
    live_ledger = run.ledger(live, LEDGER_COLUMNS)
    removed = run.folder.read_json(DELETIONS_FILE)
    features = measure_documents(
        lambda: read_documents(run.folder, BATCH_FILE),
        run.embedder.tokenizer,
        quality,
        None if live_ledger is None else live_ledger["doc_id"],
        _beside(run, removed) if batch_mode(run) == "delta" else None,
    )
    delivered = pd.concat([features["doc_id"], pd.Series([row.doc_id for row in rejected], dtype="str")])
    check_deletions(batch_mode(run), removed, delivered)
    gate = judge_documents(
        features=features,
        rejected=rejected,
        reference=None if live is None else read_profile(run, live),
        live_ledger=live_ledger,
        mode=batch_mode(run),
        removed=removed,
        earlier=_earlier(run, live_ledger),
        truncated=_truncated(run, shorter_than_live(features, live_ledger)),
        replaced_numbers=_replaced_numbers(run, changed_since_live(features, live_ledger)),
        settings=quality,
        suite_path=run.suite("documents"),
    )
    _write_accepted(run, gate)
    excerpts = read_excerpts(gate.masks, run.folder.iter_table(BATCH_FILE, ["text"]))
    run.folder.write_batches(QUARANTINE_FILE, gate.quarantine_batches(excerpts), SCHEMA)
    reasons = run.folder.read_table(QUARANTINE_FILE, REASON_COLUMNS)
    summary = quarantine_summary(reasons, features, features.loc[gate.is_accepted, "doc_id"], rejected)
    run.folder.write_json(SUMMARY_FILE, summary)
    run.folder.write_json(PROFILE_FILE, gate.profile.model_dump(mode="json"))
    return run.finish_gate(gate.result)


def read_profile(run: Run, version: str) -> DocumentProfile:
    """Return the profile that a version's accepted batch left behind."""
    return DocumentProfile.model_validate(run.version_folder(version).read_json(PROFILE_FILE))


def _beside(run: Run, removed: Sequence[str]) -> pd.DataFrame | None:
    """The documents of live that a delta leaves, unless it delivers them anew."""
    texts = run.ledger(run.start.live, ["doc_id", "text_hash"])
    return None if texts is None else texts[id_places(texts["doc_id"], removed) < 0]


def _earlier(run: Run, live_ledger: pd.DataFrame | None) -> pd.DataFrame | None:
    """What the versions that live descends from held and live does not, so that an undated relapse can be told."""
    if run.start.live is None or live_ledger is None:
        return None
    parents = {version.version: version.parent for version in run.registry.versions(run.kb)}
    found: list[pd.DataFrame] = []
    name = parents.get(run.start.live)
    while name is not None and len(found) < ANCESTORS:
        ledger = run.ledger(name, ["doc_id", "content_hash"])
        if ledger is not None:
            found.append(ledger[id_places(ledger["content_hash"], live_ledger["content_hash"]) < 0])
        name = parents.get(name)
    return pd.concat(found) if found else None


def _truncated(run: Run, doc_ids: list[str]) -> list[str]:
    """Those of the documents whose text is only the beginning of what live has."""
    return find_truncated(read_documents(run.folder, BATCH_FILE, set(doc_ids)), _as_in_live(run, doc_ids))


def _replaced_numbers(run: Run, changed: Sequence[str]) -> ReplacedNumbers:
    """Those of the changed documents that have live's words and other numbers."""
    drawn = draw_changed(changed)
    found = find_replaced_numbers(read_documents(run.folder, BATCH_FILE, set(drawn)), _as_in_live(run, drawn))
    return ReplacedNumbers(len(changed), len(drawn), found)


def _as_in_live(run: Run, doc_ids: Sequence[str]) -> Iterator[Document]:
    """Yield documents as they are in live."""
    places = run.ledger(run.start.live, ["doc_id", "run_key"]) if doc_ids else None
    if places is None:
        return
    places = places[id_places(places["doc_id"], doc_ids) >= 0]
    by_run = {str(run_key): list(group["doc_id"]) for run_key, group in places.groupby("run_key")}
    yield from read_version_documents(run.settings.artifact_root, run.kb, by_run)


def _write_accepted(run: Run, gate: DocumentGate) -> None:
    rows = gate.features[FEATURE_COLUMNS]
    parts = (
        rows.iloc[start : start + BATCH_ROWS].loc[gate.is_accepted[start : start + BATCH_ROWS]]
        for start in range(0, len(rows), BATCH_ROWS)
    )
    schema = pa.Schema.from_pandas(rows.iloc[:0], preserve_index=False)
    tables = (pa.Table.from_pandas(part, schema, preserve_index=False) for part in parts)
    run.folder.write_batches(ACCEPTED_FILE, tables, schema)
