"""The chunk gate."""

import pandas as pd
import pyarrow as pa

from kbgate.gates.chunks import judge_chunks
from kbgate.quality.profile import DocumentProfile
from kbgate.quality.rechunked import documents_to_cut_again
from kbgate.records import Chunk
from kbgate.results import StageResult
from kbgate.run import Run
from kbgate.stages.check_documents import ACCEPTED_FILE, PROFILE_FILE, read_profile
from kbgate.stages.chunk_documents import CHUNKS_FILE, documents_to_chunk
from kbgate.stages.plan_changes import read_plan

KEPT_COLUMNS = ["doc_id", "position", "start", "end", "n_tokens"]
COLUMNS = ["chunk_id", "doc_id", "position", "start", "end", "text", "n_tokens"]


def check_chunks(run: Run) -> StageResult:
    """Write `gates/chunks.json` and complete the profile with the chunks that the candidate will hold."""
    live = run.start.live
    gate = judge_chunks(
        chunks=run.folder.read_table(CHUNKS_FILE, COLUMNS).to_pandas(),
        document_chars=_document_chars(run),
        settings=run.kb_settings.quality,
        chunk_size_tokens=run.kb_settings.chunker.size_tokens,
        max_model_tokens=run.embedder.tokenizer.max_tokens,
        reference=None if live is None else read_profile(run, live),
        kept_chunks=_kept_chunks(run),
        chunked_again=_chunked_again(run),
        suite_path=run.suite("chunks"),
        is_hotfix=run.request.kind == "hotfix",
    )
    profile = DocumentProfile.model_validate(run.folder.read_json(PROFILE_FILE))
    run.folder.write_json(PROFILE_FILE, profile.model_copy(update={"chunks": gate.profile}).model_dump(mode="json"))
    return run.finish_gate(gate.result)


def _document_chars(run: Run) -> "pd.Series[int]":
    """Length of each document that was cut: of the batch's as it came, of those that stay as the base's ledger says."""
    chars = run.folder.read_table(ACCEPTED_FILE, ["doc_id", "n_chars"]).to_pandas().set_index("doc_id")["n_chars"]
    base, to_chunk = run.ledger(run.start.base), list(read_plan(run).to_chunk)
    if base is not None:
        chars = chars.combine_first(base.set_index("doc_id")["n_chars"])
    return chars[chars.index.isin(to_chunk)]


def _chunked_again(run: Run) -> dict[str, list[Chunk]]:
    """The chunks of a few documents, made a second time."""
    drawn = documents_to_cut_again(read_plan(run).to_chunk)
    return {doc.doc_id: list(run.chunker.chunk(doc)) for doc in documents_to_chunk(run) if doc.doc_id in drawn}


def _kept_chunks(run: Run) -> pd.DataFrame | None:
    """The chunks that the candidate takes over from its base, without their texts."""
    base, plan = run.start.base, read_plan(run)
    if base is None or plan.rechunk_all:
        return None
    chunks = pa.concat_tables(run.store.read(base, KEPT_COLUMNS)).to_pandas()
    return chunks[~chunks["doc_id"].isin(plan.to_replace)]
