"""The reconcile gate: source, ledger and store must hold the same documents."""

from collections.abc import Collection, Sequence
from functools import partial

import numpy as np
import pyarrow as pa

from kbgate.chunkers.chunk_id import chunk_id
from kbgate.corpus import DOCUMENTS_FILE
from kbgate.gates.embedding_probe import PROBE_SENTENCES, EmbeddingProbe
from kbgate.gates.index_recall import IndexSearch
from kbgate.gates.reconcile import ReembeddedSample, judge_reconcile
from kbgate.gates.store_contents import COLUMNS
from kbgate.results import StageResult
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.build_candidate import candidate_version
from kbgate.stages.check_golden_set import read_golden_set
from kbgate.stages.chunk_documents import CHUNKS_FILE
from kbgate.stages.plan_changes import read_plan

REMOVED_SEARCHED = 200
"""Largest number of removed documents whose former chunks are searched for in the candidate."""
NEIGHBOURS = 10
SAMPLED = ["chunk_id", "text", "vector"]
PROBE_FILE = "probe.parquet"
"""Vectors of `PROBE_SENTENCES`, kept with the run for the runs after it."""


def reconcile(run: Run) -> StageResult:
    """Write `gates/reconcile.json` and `probe.parquet`; embeds a sample again, which must give the stored vectors."""
    version, plan = candidate_version(run), read_plan(run)
    new = run.folder.read_table(DOCUMENTS_FILE, ["doc_id", "content_hash"])
    result = judge_reconcile(
        ledger=run.folder.read_table(LEDGER_FILE).to_pandas(),
        expected_doc_ids=plan.added + plan.changed + plan.unchanged + plan.kept,
        removed_doc_ids=plan.removed,
        store_batches=run.store.read(version, COLUMNS),
        chunk_id_of=partial(chunk_id, settings=run.kb_settings.chunker),
        expected_chunks=run.folder.read_table(CHUNKS_FILE, ["chunk_id", "doc_id"]).to_pandas(),
        dimension=run.embedder.fingerprint.dimension,
        reembedded=_reembedded(run, _sample(run, version)),
        reembedded_new=_reembedded(run, _new_sample(run, version, plan.added + plan.changed)),
        removed_still_retrievable=_still_retrievable(run, version, plan.removed),
        index_search=_index_search(run, version),
        settings=run.kb_settings.reconcile,
        expected_hashes=dict(zip(*new.to_pydict().values(), strict=True)),
        probe=_probe(run),
        cache_folder=run.cache_folder,
    )
    return run.finish_gate(result)


def _sample(run: Run, version: str) -> pa.Table:
    """Chunks of the whole candidate, the same ones for the same seed."""
    settings = run.kb_settings.reconcile
    return run.store.sample(version, settings.reembed_chunks, SAMPLED, settings.seed)


def _new_sample(run: Run, version: str, doc_ids: Sequence[str]) -> pa.Table | None:
    """As many chunks of the documents that are new or changed; what this run did wrong is among them."""
    if not doc_ids:
        return None
    settings = run.kb_settings.reconcile
    random = np.random.default_rng(settings.seed)
    chosen = sorted(random.permutation(sorted(doc_ids))[: settings.reembed_chunks].tolist())
    chunks = pa.concat_tables(run.store.read(version, SAMPLED, chosen)).sort_by("chunk_id")
    return chunks.take(np.sort(random.permutation(len(chunks))[: settings.reembed_chunks]))


def _reembedded(run: Run, sample: pa.Table | None) -> ReembeddedSample | None:
    """Embed chunks again without the cache, which a fault of the cache would hide."""
    if sample is None or not len(sample):
        return None
    return ReembeddedSample(
        chunk_ids=sample.column("chunk_id").to_pylist(),
        stored=vectors_of(sample),
        fresh=run.embedder.embed_passages(sample.column("text").to_pylist()),
    )


def _index_search(run: Run, version: str) -> IndexSearch | None:
    """Ask the golden questions, or without any the chunks themselves, as the bot would and exactly."""
    settings, k, golden = run.kb_settings.reconcile, run.kb_settings.recall.k, read_golden_set(run)
    if golden is not None and golden.queries:
        asked = "golden questions"
        texts = [query.text for query in golden.queries]
        chosen = np.random.default_rng(settings.seed).permutation(len(texts))[: settings.max_index_queries]
        vectors, _ = run.cached_embedder.embed_queries([texts[row] for row in sorted(chosen)])
    else:
        asked = "chunks as questions"
        vectors = vectors_of(run.store.sample(version, settings.max_index_queries, ["vector"], settings.seed))
    if not len(vectors) or not np.isfinite(vectors).all():
        return None
    served = run.store.search(version, vectors, k)
    return IndexSearch(served, run.store.search(version, vectors, k, exact=True), asked)


def _probe(run: Run) -> EmbeddingProbe:
    """Embed the fixed sentences without the cache, keep their vectors, and read those of the run that built live."""
    digest = run.embedder.fingerprint.digest
    fresh = run.embedder.embed_passages(PROBE_SENTENCES)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(fresh.reshape(-1)), fresh.shape[1])
    table = pa.table({"sentence": PROBE_SENTENCES, "vector": flat})
    run.folder.write_table(PROBE_FILE, table.replace_schema_metadata({"kbgate.fingerprint": digest}))
    live = run.start.live
    if live is None or not run.version_folder(live).exists(PROBE_FILE):
        return EmbeddingProbe(fresh, None)
    stored = run.version_folder(live).read_table(PROBE_FILE)
    same = (stored.schema.metadata or {}).get(b"kbgate.fingerprint", b"").decode() == digest
    comparable = same and tuple(stored.column("sentence").to_pylist()) == PROBE_SENTENCES
    return EmbeddingProbe(fresh, vectors_of(stored) if comparable else None)


def _still_retrievable(run: Run, version: str, removed: Collection[str]) -> list[str]:
    """Search the candidate with the former vectors of removed documents; return those that it still finds."""
    if not removed or run.start.rebuild or run.start.base is None:
        return []
    probes = pa.concat_tables(run.store.read(run.start.base, ["doc_id", "vector"], sorted(removed)[:REMOVED_SEARCHED]))
    if not len(probes):
        return []
    hits = run.store.search(version, vectors_of(probes), NEIGHBOURS)
    return sorted(set(hits.doc_ids.reshape(-1).tolist()) & set(removed))


def vectors_of(table: pa.Table) -> np.ndarray:
    """Return the vectors of a table as an array of shape (n_rows, dimension)."""
    column = table.column("vector").combine_chunks()
    flat = np.asarray(column.flatten().to_numpy(zero_copy_only=False), dtype=np.float32)
    return flat.reshape(len(table), column.type.list_size)
