"""Settings: how closely source, ledger and store must agree."""

from typing import Annotated

from pydantic import Field

from kbgate.results import Mode
from kbgate.sections.section import Section, Similarity


class ReconcileSettings(Section):
    """How closely source, ledger and store must agree."""

    mode: Mode = "block"
    reembed_chunks: Annotated[int, Field(ge=1)] = Field(
        32, description="Chunks embedded again and compared with the store."
    )
    min_reembed_similarity: Similarity = 0.999
    seed: int = 20260101
