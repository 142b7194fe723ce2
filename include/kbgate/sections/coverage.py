"""Settings: which documents and topics a candidate must still hold."""

from typing import Annotated

from pydantic import Field

from kbgate.results import Mode
from kbgate.sections.section import Section, Seed, Share


class CoverageSettings(Section):
    """Which documents and topics a candidate must still hold."""

    mode: Mode = "block"
    min_intent_coverage: Share = Field(
        0.95,
        description="Of the documents that answer a key intent's questions, the share that must be retrievable; one of "
        "several may always be missing.",
    )
    max_topic_lost_share: Share = Field(0.50, description="Of live's documents on one topic, the share that may leave.")
    min_topic_documents: Annotated[int, Field(ge=2)] = Field(5, description="A smaller cluster of live is no topic.")
    seed: Seed = 20260101
