"""Small chunk tables for tests of stores."""

import numpy as np
import pyarrow as pa

CHUNKS_PER_DOCUMENT = 4


def chunk_table(first: int, last: int, dimension: int = 8, seed: int = 0) -> pa.Table:
    """Chunks number `first` to `last` (exclusive), four to a document; each number always has the same content."""
    numbers = range(first, last)
    generator = np.random.default_rng([seed, first])
    vectors = generator.normal(size=(len(numbers), dimension)).astype(np.float32)
    return with_vectors(numbers, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def with_vectors(numbers: range | list[int], vectors: np.ndarray) -> pa.Table:
    """Chunks with these numbers and float32 vectors of shape (n_chunks, dimension)."""
    return pa.table(
        {
            "chunk_id": [f"chunk-{number:06d}" for number in numbers],
            "doc_id": [f"doc-{number // CHUNKS_PER_DOCUMENT:05d}" for number in numbers],
            "position": [number % CHUNKS_PER_DOCUMENT for number in numbers],
            "start": [10 * (number % CHUNKS_PER_DOCUMENT) for number in numbers],
            "end": [10 * (number % CHUNKS_PER_DOCUMENT) + 9 for number in numbers],
            "text": [f'It\'s the text of "{number}"\n\t第{number}段 \\N 🙂' for number in numbers],
            "heading_path": [[] if number % 3 == 0 else ['Top, "quoted"', f"{{{number}}}"] for number in numbers],
            "n_tokens": [number % 100 for number in numbers],
            "vector": pa.FixedSizeListArray.from_arrays(
                pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1)), vectors.shape[1]
            ),
        }
    )


def vectors_in(table: pa.Table) -> np.ndarray:
    """The vectors of a table, float32 of shape (n_chunks, dimension)."""
    column = table["vector"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), column.type.list_size)
