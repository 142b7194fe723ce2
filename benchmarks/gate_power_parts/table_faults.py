"""Faults after the documents: chunks that the chunker did not make so, vectors that are not those of their chunks.

Each is a tamper function for one stage. What it changes is the table that the stage before has just written, for the documents
of this batch alone: the place where a real chunker, embedding service or writer would go wrong, with every check still ahead.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kbgate import chunkers
from kbgate.corpus import DOCUMENTS_FILE, read_documents
from kbgate.parts import load
from kbgate.run import Run
from kbgate.stages.chunk_documents import CHUNK_SCHEMA, CHUNKS_FILE
from kbgate.stages.embed_chunks import VECTORS_FILE
from kbgate.stages.reconcile import vectors_of

CUT = {"size_tokens": 140, "overlap_tokens": 20}
"""The incident's chunk settings."""
WRONG_PREFIX = "query: "
SEED = 7


def chunked_with(**settings: int) -> Callable[[Run], None]:
    """Cut the batch's documents with other settings than the run was asked for."""

    def change(run: Run) -> None:
        section = run.kb_settings.chunker.model_copy(update=settings)
        chunker = load(chunkers.REGISTRY, section.kind, "chunker.kind")(section, run.embedder.tokenizer)
        documents = read_documents(run.folder, DOCUMENTS_FILE)
        rows = [
            {name: getattr(chunk, name) for name in CHUNK_SCHEMA.names}
            for document in documents
            for chunk in chunker.chunk(document)
        ]
        run.folder.write_table(CHUNKS_FILE, pa.Table.from_pylist(rows, CHUNK_SCHEMA))

    return change


def only_last_chunks(run: Run) -> None:
    """Keep one chunk a document, as a dict by document id does."""
    chunks = run.folder.read_table(CHUNKS_FILE)
    last = {doc_id: row for row, doc_id in enumerate(chunks.column("doc_id").to_pylist())}
    run.folder.write_table(CHUNKS_FILE, chunks.take(sorted(last.values())))


def other_models_vectors(run: Run) -> None:
    """Rotate every vector by one random rotation: as good a model of the same dimension, whose axes mean something else."""

    def rotate(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        dimension = vectors.shape[1]
        rotation, _ = np.linalg.qr(np.random.default_rng(SEED).normal(size=(dimension, dimension)))
        return vectors @ rotation.astype(np.float32)

    _change_vectors(run, rotate)


def unnormalised_vectors(run: Run) -> None:
    """Stretch every vector by a length of its own, between half and three times."""
    _change_vectors(
        run, lambda vectors: vectors * np.random.default_rng(SEED).uniform(0.5, 3, (len(vectors), 1)).astype(np.float32)
    )


def shifted_vectors(run: Run) -> None:
    """Give every chunk of the batch its neighbour's vector."""
    _change_vectors(run, lambda vectors: np.roll(vectors, 1, axis=0))


def wrong_prefix(run: Run) -> None:
    """Embed the batch with the prefix of questions, which the fingerprint does not state: a mistaken prefix, as a forgotten one."""
    texts = run.folder.read_table(VECTORS_FILE, ["text"]).column("text").to_pylist()
    vectors = run.embedder.embed_passages([WRONG_PREFIX + text for text in texts])
    _change_vectors(run, lambda _: vectors)


def _change_vectors(run: Run, change: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> None:
    table = run.folder.read_table(VECTORS_FILE)
    vectors = change(vectors_of(table))
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    place = table.schema.get_field_index("vector")
    run.folder.write_table(VECTORS_FILE, table.set_column(place, table.schema.field(place), flat))
