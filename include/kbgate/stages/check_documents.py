"""The document gate: judge the batch, set bad rows aside."""

import pyarrow as pa

from kbgate.corpus import BATCH_FILE, read_documents
from kbgate.gates.documents import judge_documents
from kbgate.quality.document_features import measure_documents
from kbgate.quality.profile import DocumentProfile
from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.stages.read_documents import DELETIONS_FILE, batch_mode, read_rejected

ACCEPTED_FILE = "accepted.parquet"
QUARANTINE_FILE = "quarantine.parquet"
PROFILE_FILE = "profile.json"
FEATURE_COLUMNS = ["doc_id", "content_hash", "n_chars", "n_tokens", "language"]


def check_documents(run: Run) -> StageResult:
    """Write `gates/documents.json`, `quarantine.parquet`, `profile.json` and the accepted documents' numbers."""
    quality = run.kb_settings.quality
    rejected = read_rejected(run)
    features = measure_documents(lambda: read_documents(run.folder, BATCH_FILE), run.embedder.tokenizer, quality)
    live = run.start.live
    gate = judge_documents(
        features=features,
        rejected=rejected,
        reference=None if live is None else read_profile(run, live),
        live_ledger=run.ledger(live),
        mode=batch_mode(run),
        removed=run.folder.read_json(DELETIONS_FILE),
        settings=quality,
        suite_path=run.suite("documents"),
    )
    accepted = features[features["doc_id"].isin(gate.accepted_doc_ids)][FEATURE_COLUMNS]
    run.folder.write_table(ACCEPTED_FILE, pa.Table.from_pandas(accepted, preserve_index=False))
    run.folder.write_table(QUARANTINE_FILE, gate.quarantine)
    run.folder.write_json(PROFILE_FILE, gate.profile.model_dump(mode="json"))
    return run.finish_gate(gate.result)


def read_profile(run: Run, version: str) -> DocumentProfile:
    """Return the profile that a version's accepted batch left behind."""
    return DocumentProfile.model_validate(run.version_folder(version).read_json(PROFILE_FILE))
