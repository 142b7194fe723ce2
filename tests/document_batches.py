"""Batches of documents that are known by their lengths only, for the parts of the document gate."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kbgate.gates.document_batch import DocumentBatch
from kbgate.quality.profile import DocumentProfile, profile_documents
from kbgate.records import RejectedRow
from kbgate.sections.quality import QualitySettings

SETTINGS = QualitySettings()


def documents_of(n_tokens: Sequence[int]) -> pd.DataFrame:
    """One readable English document for each length in tokens."""
    return pd.DataFrame(
        {
            "doc_id": [f"page-{i}" for i in range(len(n_tokens))],
            "n_tokens": np.array(n_tokens, dtype=np.int64),
            "n_unknown": 0,
            "language": "en",
        }
    )


def profile_of(n_tokens: Sequence[int]) -> DocumentProfile:
    """What the registry would know of live documents of these lengths."""
    return profile_documents(documents_of(n_tokens))


def batch_of(
    n_tokens: Sequence[int],
    live: Sequence[int] | None = None,
    corpus: Sequence[int] | None = None,
    *,
    is_delta: bool = False,
    left_out: int = 0,
    rejected: Sequence[RejectedRow] = (),
) -> DocumentBatch:
    """A batch of which the last `left_out` documents do not go on."""
    features = documents_of(n_tokens)
    is_accepted = np.arange(len(features)) < len(features) - left_out
    return DocumentBatch(
        features=features,
        is_accepted=is_accepted,
        accepted=features[is_accepted],
        rejected=rejected,
        corpus=None if corpus is None else documents_of(corpus),
        live_ledger=None if live is None else documents_of(live),
        reference=None if live is None else profile_of(live),
        is_delta=is_delta,
        settings=SETTINGS,
    )
