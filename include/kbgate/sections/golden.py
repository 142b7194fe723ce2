"""Settings: how healthy the golden set must be; where it lies says `recall.golden_set`."""

from typing import Annotated

from pydantic import Field

from kbgate.results import Mode
from kbgate.sections.section import Section, Share


class GoldenSettings(Section):
    """Limits of the golden-set gate. The share of stale questions is held to `recall.max_stale_share` by the recall gate."""

    mode: Mode = "block"
    min_quote_similarity: Annotated[float, Field(ge=0.5, le=1)] = Field(
        0.90,
        description="Evidence whose words were edited is found again if at least this much of its characters stayed: "
        "1 - edits / length. Below it the judgement is stale, never guessed.",
    )
    max_doubled_share: Share = Field(
        0.02, description="Questions that repeat an earlier one, letters and digits only; real sets hold 0 to 0.004."
    )
    near_duplicate_similarity: Annotated[float, Field(gt=0, le=1)] = Field(
        0.85,
        description="Jaccard index of three-character windows from which two questions are near-duplicates. Real sets have "
        "pairs of different meaning at 0.78 (staff / a student shows symptoms), typing variants from 0.87.",
    )
    max_near_duplicate_share: Share = Field(
        0.05, description="Questions that are nearly an earlier one; more only warns. Real sets hold 0 to 0.02."
    )
    leak_similarity: Annotated[float, Field(ge=0.5, le=1)] = Field(
        0.90, description="A question of which this much stands in a document that answers it is a copy."
    )
    min_leak_bytes: Annotated[int, Field(ge=1)] = Field(
        24, description="Shorter questions (UTF-8 bytes) are search words, not copied sentences."
    )
    max_leaked_share: Share = Field(
        0.05,
        description="Questions that are copies; real sets hold 0 to 0.017. More makes recall too good to mean anything.",
    )
