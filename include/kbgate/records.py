"""The values that travel between parts: documents, chunks, search hits, fingerprints."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the knowledge base as its source gave it.

    `line` is the 1-based position in `source_uri` (file line, table row), `updated_at` an ISO 8601 string.
    """

    doc_id: str
    title: str
    text: str
    source_uri: str
    updated_at: str | None = None
    lang: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    line: int | None = None

    @property
    def content_hash(self) -> str:
        """SHA-256 of what a reader or the index would see: title, text and metadata; not of where it came from."""
        return sha256_of([self.doc_id, self.title, self.text, self.metadata])


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of the source that could not become a document; it goes to the quarantine with its place."""

    source_uri: str
    line: int | None
    rule: str
    reason: str
    value: str
    doc_id: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: `text` equals `document.text[start:end]` (offsets in characters)."""

    chunk_id: str
    doc_id: str
    position: int
    start: int
    end: int
    text: str
    heading_path: tuple[str, ...]
    n_tokens: int


@dataclass(frozen=True, slots=True)
class Hits:
    """Search results, one row a query, best first; rows with fewer than k results end in "" and NaN.

    `chunk_ids` and `doc_ids` are object arrays of shape (n_queries, k), `similarities` is float32 cosine in [-1, 1].
    """

    chunk_ids: NDArray[np.object_]
    doc_ids: NDArray[np.object_]
    similarities: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Token counts of some texts, special tokens excluded: int32 arrays of shape (n_texts,)."""

    n_tokens: NDArray[np.int32]
    n_unknown: NDArray[np.int32]


class Tokenizer(Protocol):
    """The embedding model's own tokenizer, without the model's weights."""

    max_tokens: int
    """Longest text the model reads, in tokens, special tokens and prefix already taken off."""

    def count(self, texts: Sequence[str]) -> TokenCounts:
        """Count tokens and unknown tokens of each text, batched, never truncated."""

    def offsets(self, text: str) -> NDArray[np.int64]:
        """Character spans of the tokens of `text`, shape (n_tokens, 2), in order."""


class EmbeddingFingerprint(BaseModel):
    """Everything that decides which vector a text gets; vectors of two fingerprints are never compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    revision: str
    dimension: int
    max_tokens: int
    query_prefix: str
    passage_prefix: str
    pooling: str
    normalised: bool
    tokenizer: str
    configuration: str
    """What the model's own configuration files say, where it has any: activation, layers, pooling."""
    backend: str
    precision: str

    @property
    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of all fields."""
        return sha256_of(self.model_dump())[:16]


def sha256_of(value: Any) -> str:
    """SHA-256 (hex) of a JSON-like value in canonical form: sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
