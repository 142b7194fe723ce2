"""Settings: the golden set and what the candidate must reach on it."""

from typing import Annotated

from pydantic import Field

from kbgate.results import Mode
from kbgate.sections.section import Section, Share, Similarity


class RecallSettings(Section):
    """The golden set and what the candidate must reach on it."""

    mode: Mode = "block"
    golden_set: str | None = Field(None, description="Folder with queries.jsonl and qrels.tsv.")
    k: Annotated[int, Field(ge=1, le=1000)] = Field(5, description="Chunks retrieved for a question.")
    min_recall: Share = Field(0.85, description="Smallest recall@k, overall and for each key intent.")
    zero_hit_similarity: Similarity = Field(
        0.25, description="A question whose best chunk is below this found nothing."
    )
    max_zero_hit_rate: Share = 0.05
    min_queries: Annotated[int, Field(ge=1)] = Field(100, description="Fewer judged questions are too little evidence.")
    min_intent_queries: Annotated[int, Field(ge=1)] = Field(20, description="The same for one key intent.")
    max_unjudged_share: Share = Field(0.05, description="Questions without a judgement.")
    max_stale_share: Share = Field(0.05, description="Questions whose judged documents are all gone.")
    resamples: Annotated[int, Field(ge=1000, le=100_000)] = 10_000
    worst_queries: Annotated[int, Field(ge=1)] = 20
    seed: int = 20260101
