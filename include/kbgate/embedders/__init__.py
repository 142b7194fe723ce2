"""Turn text into unit vectors, and count its tokens the way the model does."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kbgate.records import EmbeddingFingerprint, Tokenizer
from kbgate.sections.embedder import EmbedderSettings

REGISTRY = {
    "hashing_for_tests_only": "kbgate.embedders.hashing_for_tests_only:HashingForTestsOnlyEmbedder",
    "sentence_transformers": "kbgate.embedders.sentence_transformers:SentenceTransformersEmbedder",
}


class Embedder(Protocol):
    """An embedding model. `tokenizer` and `fingerprint` must not load the weights into memory."""

    tokenizer: Tokenizer
    fingerprint: EmbeddingFingerprint

    def __init__(self, settings: EmbedderSettings) -> None: ...

    def load(self) -> None:
        """Load the weights, if they are not in memory, so that a first text takes no longer than the others."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape (n_texts, dimension), in the order of `texts`."""

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same for questions, with the query prefix."""
