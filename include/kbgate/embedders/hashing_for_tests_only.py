"""A deterministic stand-in for a model, for tests of plumbing only: it knows words, not meanings."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kbgate.records import EmbeddingFingerprint, TokenCounts
from kbgate.sections.embedder import EmbedderSettings

_DIMENSION = 256
_MAX_TOKENS = 512
# A Chinese or Japanese character, a run of other letters and digits, or a sign.
_TOKEN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[^\W\u2e80-\u9fff\uf900-\ufaff]+|[^\w\s]")


class HashingForTestsOnlyEmbedder:
    """Bag of words hashed into 256 signed dimensions: texts that share words are similar. NEVER for a real knowledge base."""

    def __init__(self, settings: EmbedderSettings) -> None:
        self._query_prefix = settings.query_prefix
        self._passage_prefix = settings.passage_prefix
        prefix_tokens = max(len(_TOKEN.findall(prefix)) for prefix in (settings.query_prefix, settings.passage_prefix))
        max_tokens = settings.max_tokens or _MAX_TOKENS
        self.tokenizer = _WordTokenizer(max_tokens - prefix_tokens)
        self.fingerprint = EmbeddingFingerprint(
            model="hashing-for-tests-only",
            revision="1",
            dimension=_DIMENSION,
            max_tokens=max_tokens,
            query_prefix=settings.query_prefix,
            passage_prefix=settings.passage_prefix,
            pooling="sum",
            normalised=True,
            tokenizer="words-for-tests-only",
            configuration="",
            backend="numpy",
            precision="float32",
        )

    def load(self) -> None:
        """There are no weights."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape (n_texts, 256), in the order of `texts`."""
        return self._embed(self._passage_prefix, texts)

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same for questions, with the query prefix."""
        return self._embed(self._query_prefix, texts)

    def _embed(self, prefix: str, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), _DIMENSION), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in _TOKEN.findall((prefix + text).casefold())[: self.fingerprint.max_tokens]:
                number = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())
                vectors[row, number % _DIMENSION] += 1 if number >> 63 else -1
            if not vectors[row].any():
                vectors[row, 0] = 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class _WordTokenizer:
    """Words, signs and single Chinese characters; nothing is unknown to it."""

    def __init__(self, max_tokens: int) -> None:
        self.max_tokens = max_tokens

    def count(self, texts: Sequence[str]) -> TokenCounts:
        """Count the tokens of each text; int32 arrays of shape (n_texts,)."""
        n_tokens = np.array([len(_TOKEN.findall(text)) for text in texts], dtype=np.int32)
        return TokenCounts(n_tokens, np.zeros_like(n_tokens))

    def offsets(self, text: str) -> NDArray[np.int64]:
        """Return the `[start, end)` character spans of the tokens, shape (n_tokens, 2), in order."""
        return np.array([found.span() for found in _TOKEN.finditer(text)], dtype=np.int64).reshape(-1, 2)
