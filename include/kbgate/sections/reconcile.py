"""Settings: how closely source, ledger and store must agree."""

from typing import Annotated

from pydantic import Field

from kbgate.results import Mode
from kbgate.sections.section import Section, Seed, Share, Similarity


class ReconcileSettings(Section):
    """How closely source, ledger and store must agree."""

    mode: Mode = "block"
    reembed_chunks: Annotated[int, Field(ge=1)] = Field(
        32, description="Chunks embedded again and compared with the store."
    )
    min_reembed_similarity: Similarity = 0.999
    min_index_recall: Share = Field(
        0.95, description="Of the k best chunks by exact search, the share that the store's own search must find."
    )
    max_index_queries: Annotated[int, Field(ge=1)] = Field(500, description="Questions asked to compare the two.")
    seed: Seed = 20260101
