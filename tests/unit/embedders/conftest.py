"""The shipped model, loaded once."""

import pytest

from kbgate.embedders.sentence_transformers import SentenceTransformersEmbedder
from kbgate.sections.embedder import EmbedderSettings


@pytest.fixture(scope="session")
def minilm() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(EmbedderSettings())
