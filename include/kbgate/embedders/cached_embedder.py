"""An embedder that asks the vector cache first."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.embedders import Embedder
from kbgate.embedders.vector_cache import VectorCache, vector_key

# So many texts are embedded and stored at a time; a killed run loses at most one step.
_STEP_TEXTS = 512

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class EmbedStats:
    """What one call cost; `embedding_seconds` are those of `seconds` that the model took, its loading left out."""

    n_texts: int
    n_cache_hits: int
    n_embedded: int
    seconds: float
    embedding_seconds: float

    @property
    def seconds_saved(self) -> float | None:
        """Estimate of what the hits would have cost; None when nothing was embedded to measure."""
        return self.n_cache_hits * self.embedding_seconds / self.n_embedded if self.n_embedded else None

    @property
    def n_repeated(self) -> int:
        """Texts that occurred earlier in the same call and were embedded there."""
        return self.n_texts - self.n_cache_hits - self.n_embedded


class CachedEmbedder:
    """Embeds each text at most once for a fingerprint, whatever run, version or process asks for it.

    `clock` returns seconds and is only used to measure.
    """

    def __init__(self, embedder: Embedder, cache: VectorCache, clock: Callable[[], float] = time.perf_counter) -> None:
        self.tokenizer = embedder.tokenizer
        self.fingerprint = embedder.fingerprint
        self._embedder = embedder
        self._cache = cache
        self._clock = clock

    def embed_passages(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], EmbedStats]:
        """Return unit vectors (n_texts, dimension) in the order of `texts`; `progress(done, n_texts)` is called at each step."""
        return self._embed(self._embedder.embed_passages, self.fingerprint.passage_prefix, texts, progress)

    def embed_queries(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], EmbedStats]:
        """The same for questions."""
        return self._embed(self._embedder.embed_queries, self.fingerprint.query_prefix, texts, progress)

    def _embed(
        self,
        embed: Callable[[Sequence[str]], NDArray[np.float32]],
        prefix: str,
        texts: Sequence[str],
        progress: Progress | None,
    ) -> tuple[NDArray[np.float32], EmbedStats]:
        began = self._clock()
        vectors = np.empty((len(texts), self.fingerprint.dimension), dtype=np.float32)
        keys = [vector_key(self.fingerprint, prefix, text) for text in texts]
        missing: dict[bytes, list[int]] = {}
        for row, vector in enumerate(self._cache.get_many(keys, self.fingerprint.dimension)):
            if vector is None:
                missing.setdefault(keys[row], []).append(row)
            else:
                vectors[row] = vector
        done = n_hits = len(texts) - sum(len(rows) for rows in missing.values())
        if progress is not None:
            progress(done, len(texts))
        embedding_seconds = 0.0
        wanted = list(missing.items())
        if wanted:
            self._embedder.load()
        for start in range(0, len(wanted), _STEP_TEXTS):
            step = wanted[start : start + _STEP_TEXTS]
            step_began = self._clock()
            embedded = embed([texts[rows[0]] for _, rows in step])
            embedding_seconds += self._clock() - step_began
            self._cache.put_many({key: vector for (key, _), vector in zip(step, embedded, strict=True)})
            for (_, rows), vector in zip(step, embedded, strict=True):
                vectors[rows] = vector
                done += len(rows)
            if progress is not None:
                progress(done, len(texts))
        stats = EmbedStats(
            n_texts=len(texts),
            n_cache_hits=n_hits,
            n_embedded=len(wanted),
            seconds=self._clock() - began,
            embedding_seconds=embedding_seconds,
        )
        return vectors, stats
