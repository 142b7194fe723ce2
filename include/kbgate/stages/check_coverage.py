"""The coverage gate: the documents that key intents need, and the topics of live."""

from collections.abc import Collection

import numpy as np
import pyarrow as pa

from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.topics import Topic, find_topics
from kbgate.gates.coverage import NeededDocuments, judge_coverage
from kbgate.results import StageResult
from kbgate.run import LEDGER_FILE, Run
from kbgate.stages.build_candidate import candidate_version
from kbgate.stages.check_golden_set import relevant_golden_set
from kbgate.stages.plan_changes import read_plan
from kbgate.stages.reconcile import vectors_of


def check_coverage(run: Run) -> StageResult:
    """Write `gates/coverage.json`."""
    version, live = candidate_version(run), run.start.live
    here = set(run.folder.read_table(LEDGER_FILE, ["doc_id"]).column("doc_id").to_pylist())
    golden = relevant_golden_set(run)
    needed = {} if golden is None else golden.key_intent_documents
    unfound = _unfound(run, version, here & set().union(*needed.values()))
    intents = {
        intent: NeededDocuments(
            needed=sorted(doc_ids),
            missing=sorted(doc_ids - here),
            unfound=sorted(doc_ids & unfound),
        )
        for intent, doc_ids in needed.items()
    }
    ledger = run.ledger(live)
    titles = {} if ledger is None else dict(zip(ledger["doc_id"], ledger["title"], strict=True))
    result = judge_coverage(intents, _topics(run, titles), titles, run.kb_settings.coverage)
    return run.finish_gate(result.model_copy(update={"versions": {"candidate": version, "live": live}}))


def _unfound(run: Run, version: str, doc_ids: Collection[str]) -> set[str]:
    """The documents that a search of the candidate with the text of their own first chunk does not return.

    The text is embedded anew, by way of the cache; what the store holds for it may be another document's vector.
    """
    if not doc_ids:
        return set()
    table = pa.concat_tables(run.store.read(version, ["doc_id", "position", "text"], sorted(doc_ids)))
    table = table.sort_by([("doc_id", "ascending"), ("position", "ascending")])
    names, first = np.unique(np.array(table.column("doc_id").to_pylist(), dtype=object), return_index=True)
    vectors, _ = run.cached_embedder.embed_passages(table.column("text").take(first).to_pylist())
    found = run.store.search(version, vectors, run.kb_settings.recall.k)
    retrieved = {name for name, row in zip(names, found.doc_ids, strict=True) if name in row}
    return set(doc_ids) - retrieved


def _topics(run: Run, titles: dict[str, str]) -> list[Topic] | None:
    """Live's topics; none if no document left, which spares reading live's vectors."""
    live, removed, settings = run.start.live, read_plan(run).removed, run.kb_settings.coverage
    if live is None:
        return None
    if not removed:
        return []
    table = pa.concat_tables(run.store.read(live, ["doc_id", "vector"]))
    chunks = ChunkVectors(vectors_of(table), np.array(table.column("doc_id").to_pylist(), dtype=object))
    return find_topics(chunks, titles, removed, seed=settings.seed, min_documents=settings.min_topic_documents)
