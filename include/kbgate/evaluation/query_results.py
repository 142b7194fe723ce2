"""What one version answered to every query of the golden set, one row a query."""

from collections.abc import Iterator
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

    `doc_ids` and `similarities` are those of the chunks retrieved, best first (a document can occur more than once): the
    k best, or those that fit into `budget_tokens` if that is given. `relevant_doc_ids` has the best judged first,
    `missed_doc_ids` is what of it was not retrieved; both name documents of a grade of at least `min_relevance`.
    """

    table: pa.Table
    k: int
    zero_hit_similarity: float
    golden_hash: str
    budget_tokens: int | None = None
    min_relevance: int = 1

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
        """The document that answers each query best: queries that share it form a cluster; "" without one.

        A query with several relevant documents belongs to the one of the highest grade, the first in qrels.tsv among
        equals. Joining all queries that share any document instead would chain a topic into one cluster.
        """
        return np.array(
            [docs[0] if docs else "" for docs in self.table.column("relevant_doc_ids").to_pylist()], dtype=object
        )

    def measured_like(self, other: "QueryResults") -> bool:
        """Whether both were measured on the same golden set with the same k or token budget."""
        return self._measure == other._measure and self.golden_hash == other.golden_hash

    def same_questions(self, other: "QueryResults") -> NDArray[np.bool_]:
        """Which queries `other` was asked in the same words, with the same relevant documents and k or token budget.

        Shape (n_queries,); the two golden sets may differ in other queries.
        """
        if self._measure != other._measure:
            return np.zeros(len(self), dtype=np.bool_)
        asked = dict(other._questions())
        return np.array([asked.get(query_id) == question for query_id, question in self._questions()], dtype=np.bool_)

    def _questions(self) -> Iterator[tuple[str, tuple[str, frozenset[str]]]]:
        """Id of each query, then its text and relevant documents."""
        columns = (self.table.column(name).to_pylist() for name in ("query_id", "text", "relevant_doc_ids"))
        for query_id, text, doc_ids in zip(*columns, strict=True):
            yield query_id, (text, frozenset(doc_ids))

    @property
    def _measure(self) -> tuple[int | None, int | None, int]:
        return (self.k if self.budget_tokens is None else None, self.budget_tokens, self.min_relevance)

    def to_table(self) -> pa.Table:
        """Return the table for `recall_queries.parquet`; how it was measured is in the schema's metadata."""
        metadata = {
            "k": str(self.k),
            "zero_hit_similarity": repr(self.zero_hit_similarity),
            "golden_hash": self.golden_hash,
            "budget_tokens": "" if self.budget_tokens is None else str(self.budget_tokens),
            "min_relevance": str(self.min_relevance),
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
            budget = metadata.get("kbgate.budget_tokens", "")
            return cls(
                table.select(SCHEMA.names).cast(SCHEMA),
                int(k),
                float(floor),
                golden_hash,
                int(budget) if budget else None,
                int(metadata.get("kbgate.min_relevance", "1")),
            )
        except (KeyError, ValueError, pa.ArrowException) as error:
            raise ArtifactError(
                f"recall_queries.parquet does not hold query results of this version of kbgate ({error}). "
                "Run the evaluation again."
            ) from error


def measure_queries(
    golden: GoldenSet,
    hits: Hits,
    *,
    k: int,
    zero_hit_similarity: float,
    budget_tokens: int | None = None,
    min_relevance: int = 1,
) -> QueryResults:
    """Compute every metric of every query; row i of `hits` is what `golden.queries[i]` retrieved.

    With `budget_tokens`, `hits` were cut at it before (`token_budget`) and all of them count, whatever k is.

    Raises:
        UsageError: `hits` has another number of rows than there are queries.
    """
    if hits.doc_ids.shape[0] != len(golden.queries):
        raise UsageError(
            f"There are results for {hits.doc_ids.shape[0]} queries but {golden.location} has {len(golden.queries)}. "
            "Search with all of its queries, in order."
        )
    query_ids = [query.query_id for query in golden.queries]
    depth = k if budget_tokens is None else max(1, hits.doc_ids.shape[1])
    rankings = grade_rankings(hits, query_ids, golden.qrels, depth)
    # Two versions fill a budget with different numbers of chunks: their ideal rankings must not be cut differently.
    ndcg_depth = k if budget_tokens is None else max(depth, rankings.ideal.shape[1])
    top = Hits(hits.chunk_ids[:, :depth], hits.doc_ids[:, :depth], hits.similarities[:, :depth])
    retrieved = [[doc for doc in row if doc] for row in top.doc_ids]
    relevant = [
        [doc for doc, grade in golden.qrels[query_id].items() if grade >= min_relevance] for query_id in query_ids
    ]
    columns = {
        "query_id": query_ids,
        "text": [query.text for query in golden.queries],
        "intent": [query.intent for query in golden.queries],
        "key_intent": [query.intent in golden.key_intents for query in golden.queries],
        "n_relevant": [len(docs) for docs in relevant],
        "recall": recall_at_k(rankings, min_relevance),
        "hit": hit_rate_at_k(rankings, min_relevance),
        "reciprocal_rank": reciprocal_rank(rankings, min_relevance),
        "ndcg": ndcg_at_k(rankings, ndcg_depth),
        "best_similarity": best_similarity(top),
        "zero_hit": zero_hit(top, zero_hit_similarity),
        "relevant_doc_ids": relevant,
        "missed_doc_ids": [
            [doc for doc in docs if doc not in set(found)] for docs, found in zip(relevant, retrieved, strict=True)
        ],
        "doc_ids": retrieved,
        "similarities": [row[: len(docs)] for row, docs in zip(top.similarities, retrieved, strict=True)],
    }
    table = pa.table(columns, schema=SCHEMA)
    return QueryResults(table, k, zero_hit_similarity, golden.content_hash, budget_tokens, min_relevance)
