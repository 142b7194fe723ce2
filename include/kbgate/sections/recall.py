"""Settings: the golden set and what the candidate must reach on it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kbgate.results import Mode
from kbgate.sections.section import Section, Seed, Share, Similarity


class RecallSettings(Section):
    """The golden set, what the candidate must reach on it, and how much worse than live it may be."""

    mode: Mode = "block"
    golden_set: str | None = Field(None, description="Folder with queries.jsonl and qrels.tsv.")
    k: Annotated[int, Field(ge=1, le=1000)] = Field(5, description="Chunks retrieved for a question.")
    budget: Literal["k", "tokens"] = Field(
        "k",
        description="What candidate and live may retrieve: k chunks each, or as many as fit into budget_tokens, so that "
        "longer chunks do not win by size.",
    )
    budget_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Tokens of the chunks retrieved for a question, where budget is tokens."
    )
    min_relevance: Annotated[int, Field(ge=1)] = Field(
        1, description="Smallest grade of a judgement that counts as relevant for recall; nDCG uses every grade."
    )
    min_recall: Share = Field(0.85, description="The floor: smallest recall@k, overall and for each key intent.")
    rule: Literal["point", "lower_bound"] = Field(
        "point",
        description="What must reach the floor overall: the recall measured, or its one-sided 95 % lower bound too.",
    )
    intent_rule: Literal["point", "holm"] = Field(
        "point",
        description="A key intent fails when its recall is below the floor (point), or only when that is beyond chance at "
        "5 % for all key intents together (holm).",
    )
    live_rule: Literal["non_inferiority", "show"] = Field(
        "non_inferiority",
        description="Overall, candidate minus live must be above -margin with 95 % confidence, or is shown only.",
    )
    margin: Annotated[float, Field(gt=0, le=1)] = Field(
        0.05,
        description="How far recall may be below live's. 0.05 is what 250 questions can tell (80 % power) when a tenth of the "
        "answers change; a smaller margin needs more questions.",
    )
    intent_live_rule: Literal["inferiority", "non_inferiority", "show"] = Field(
        "inferiority",
        description="A key intent fails when it is below live by more than the margin, beyond chance (Holm). "
        "non_inferiority wants the opposite proved too, for which 20 to 50 questions seldom are enough.",
    )
    zero_hit_similarity: Similarity = Field(
        0.25,
        description="A question whose best chunk is below this found nothing. It belongs to model and documents: text drawn at "
        "random has 0.0 to 0.3 with MiniLM, but 0.7 to 0.8 with e5, where below 0.25 there is nothing. The gate warns then.",
    )
    max_zero_hit_rate: Share = 0.05
    min_queries: Annotated[int, Field(ge=1)] = Field(100, description="Fewer judged questions are too little evidence.")
    min_intent_queries: Annotated[int, Field(ge=1)] = Field(20, description="The same for one key intent.")
    max_unjudged_share: Share = Field(0.05, description="Questions without a judgement.")
    max_stale_share: Share = Field(0.05, description="Questions whose judged documents are all gone.")
    resamples: Annotated[int, Field(ge=10_000, le=100_000)] = 10_000
    worst_queries: Annotated[int, Field(ge=1)] = 20
    seed: Seed = 20260101

    @model_validator(mode="after")
    def _budget_is_named(self) -> Self:
        if self.budget == "tokens" and self.budget_tokens is None:
            raise ValueError("budget = 'tokens' needs budget_tokens: how many tokens the bot reads for a question")
        return self

    @property
    def token_budget(self) -> int | None:
        """The tokens that may be retrieved for a question; None where chunks are counted."""
        return self.budget_tokens if self.budget == "tokens" else None
