"""What the tests of the quality part share."""

import pytest

from quality_samples import MiniLmTokenizer


@pytest.fixture(scope="session")
def tokenizer() -> MiniLmTokenizer:
    return MiniLmTokenizer()
