"""An embedder that asks the vector cache first."""

import hashlib
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

    A model can change behind its fingerprint (another library, another processor). So the cache keeps, for each fingerprint,
    the vectors of `probe_sentences` by the model that filled it, and files every other vector under them: a model that gives
    a probe sentence a vector with a cosine below `min_similarity` to the kept one finds none of the older vectors.

    `clock` returns seconds and is only used to measure.
    """

    def __init__(
        self,
        embedder: Embedder,
        cache: VectorCache,
        probe_sentences: Sequence[str] = (),
        min_similarity: float = 0.999,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.tokenizer = embedder.tokenizer
        self.fingerprint = embedder.fingerprint
        self._embedder = embedder
        self._cache = cache
        self._probe_sentences = probe_sentences
        self._min_similarity = min_similarity
        self._clock = clock
        self._model_probe: bytes | None = None
        self._is_probed = False

    def probe(self) -> bool:
        """Embed the probe sentences, once; return whether the cache held vectors of another model, none of which is used then."""
        if self._is_probed or not self._probe_sentences:
            return False
        self._is_probed = True
        kept, fresh = self._kept_probe(), self._embedder.embed_passages(self._probe_sentences)
        if kept is not None and (np.einsum("ij,ij->i", kept, fresh) >= self._min_similarity).all():
            self._model_probe = _digest(kept)
            return False
        self._cache.put_many(dict(zip(self._probe_keys(), fresh, strict=True)))
        self._model_probe = _digest(fresh)
        return kept is not None

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
        keys, found = self._look_up(prefix, texts)
        if any(vector is None for vector in found):
            model_before = self._model_probe
            self.probe()
            if self._model_probe != model_before:
                keys, found = self._look_up(prefix, texts)
        missing: dict[bytes, list[int]] = {}
        for row, vector in enumerate(found):
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

    def _look_up(self, prefix: str, texts: Sequence[str]) -> tuple[list[bytes], Sequence[NDArray[np.float32] | None]]:
        """Return the key of each text, and its vector where the cache has it."""
        if self._model_probe is None:
            kept = self._kept_probe()
            self._model_probe = b"" if kept is None else _digest(kept)
        keys = [vector_key(self.fingerprint, prefix, text, self._model_probe) for text in texts]
        return keys, self._cache.get_many(keys, self.fingerprint.dimension)

    def _kept_probe(self) -> NDArray[np.float32] | None:
        """Return the vectors of the probe sentences by the model that filled the cache, or None if no model did."""
        kept = self._cache.get_many(self._probe_keys(), self.fingerprint.dimension)
        known = [vector for vector in kept if vector is not None]
        return np.stack(known) if known and len(known) == len(kept) else None

    def _probe_keys(self) -> list[bytes]:
        return [vector_key(self.fingerprint, "", sentence, b"probe") for sentence in self._probe_sentences]


def _digest(probe: NDArray[np.float32]) -> bytes:
    return hashlib.sha256(probe.astype("<f4").tobytes()).digest()
