"""What one version answered to every query of the golden set, one row a query."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kbgate.errors import ArtifactError, UsageError
from kbgate.evaluation.golden_set import GoldenSet
from kbgate.evaluation.metrics import (
    best_similarity,
    grade_rankings,
    hit_rate_at_k,
    ndcg_at_k,
    recall_at_k,
    reciprocal_rank,
    zero_hit,
)
from kbgate.records import Hits

SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("text", pa.string()),
        ("intent", pa.string()),
        ("key_intent", pa.bool_()),
        ("n_relevant", pa.int32()),
        ("recall", pa.float64()),
        ("hit", pa.float64()),
        ("reciprocal_rank", pa.float64()),
        ("ndcg", pa.float64()),
        ("best_similarity", pa.float64()),
        ("zero_hit", pa.bool_()),
        ("relevant_doc_ids", pa.list_(pa.string())),
        ("missed_doc_ids", pa.list_(pa.string())),
        ("doc_ids", pa.list_(pa.string())),
        ("similarities", pa.list_(pa.float32())),
    ]
)


@dataclass(frozen=True)
class QueryResults:
    """A table of `SCHEMA` and how it was measured; metrics are NaN for a query without a relevant document.

    `doc_ids` and `similarities` are those of the k best chunks, best first (a document can occur more than once);
    `relevant_doc_ids` has the best judged first, `missed_doc_ids` is what of it was not retrieved.
    """

    table: pa.Table
    k: int
    zero_hit_similarity: float
    golden_hash: str

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def column(self, name: str) -> NDArray[Any]:
        """One column as a NumPy array of shape (n_queries,)."""
        return np.asarray(self.table.column(name).to_numpy(zero_copy_only=False))

    def rows(self) -> list[dict[str, Any]]:
        """All rows as Python values."""
        return list(self.table.to_pylist())

    @property
    def clusters(self) -> NDArray[np.object_]:
        """The document that answers each query best: queries that share it form a cluster; "" without one."""
        return np.array(
            [docs[0] if docs else "" for docs in self.table.column("relevant_doc_ids").to_pylist()], dtype=object
        )

    def measured_like(self, other: "QueryResults") -> bool:
        """Whether both were measured on the same golden set with the same k."""
        return self.k == other.k and self.golden_hash == other.golden_hash

    def to_table(self) -> pa.Table:
        """Return the table for `recall_queries.parquet`; how it was measured is in the schema's metadata."""
        metadata = {
            "k": str(self.k),
            "zero_hit_similarity": repr(self.zero_hit_similarity),
            "golden_hash": self.golden_hash,
        }
        return self.table.replace_schema_metadata({f"kbgate.{key}": value for key, value in metadata.items()})

    @classmethod
    def from_table(cls, table: pa.Table) -> "QueryResults":
        """Read what `to_table` returned.

        Raises:
            ArtifactError: the table is not one of query results.
        """
        metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        try:
            k, floor, golden_hash = (metadata[f"kbgate.{key}"] for key in ("k", "zero_hit_similarity", "golden_hash"))
            return cls(table.select(SCHEMA.names).cast(SCHEMA), int(k), float(floor), golden_hash)
        except (KeyError, ValueError, pa.ArrowException) as error:
            raise ArtifactError(
                f"recall_queries.parquet does not hold query results of this version of kbgate ({error}). "
                "Run the evaluation again."
            ) from error


def measure_queries(golden: GoldenSet, hits: Hits, *, k: int, zero_hit_similarity: float) -> QueryResults:
    """Compute every metric of every query; row i of `hits` is what `golden.queries[i]` retrieved.

    Raises:
        UsageError: `hits` has another number of rows than there are queries.
    """
    if hits.doc_ids.shape[0] != len(golden.queries):
        raise UsageError(
            f"There are results for {hits.doc_ids.shape[0]} queries but {golden.location} has {len(golden.queries)}. "
            "Search with all of its queries, in order."
        )
    query_ids = [query.query_id for query in golden.queries]
    qrels = golden.qrels
    rankings = grade_rankings(hits, query_ids, qrels, k)
    top = Hits(hits.chunk_ids[:, :k], hits.doc_ids[:, :k], hits.similarities[:, :k])
    retrieved = [[doc for doc in row if doc] for row in top.doc_ids]
    columns = {
        "query_id": query_ids,
        "text": [query.text for query in golden.queries],
        "intent": [query.intent for query in golden.queries],
        "key_intent": [query.intent in golden.key_intents for query in golden.queries],
        "n_relevant": [len(qrels[query_id]) for query_id in query_ids],
        "recall": recall_at_k(rankings),
        "hit": hit_rate_at_k(rankings),
        "reciprocal_rank": reciprocal_rank(rankings),
        "ndcg": ndcg_at_k(rankings, k),
        "best_similarity": best_similarity(top),
        "zero_hit": zero_hit(top, zero_hit_similarity),
        "relevant_doc_ids": [list(qrels[query_id]) for query_id in query_ids],
        "missed_doc_ids": [
            [doc for doc in qrels[query_id] if doc not in set(docs)]
            for query_id, docs in zip(query_ids, retrieved, strict=True)
        ],
        "doc_ids": retrieved,
        "similarities": [row[: len(docs)] for row, docs in zip(top.similarities, retrieved, strict=True)],
    }
    return QueryResults(pa.table(columns, schema=SCHEMA), k, zero_hit_similarity, golden.content_hash)
