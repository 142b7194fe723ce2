"""Settings: how documents are cut."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from kbgate.sections.section import Section


class ChunkerSettings(Section):
    """How documents are cut; sizes in tokens of the embedding model."""

    kind: str = "token_windows"
    size_tokens: Annotated[int, Field(ge=8, le=8192)] = 240
    overlap_tokens: Annotated[int, Field(ge=0, le=4096)] = 40
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _overlap_is_smaller(self) -> "ChunkerSettings":
        if self.overlap_tokens >= self.size_tokens:
            raise ValueError(
                f"overlap_tokens ({self.overlap_tokens}) must be smaller than size_tokens ({self.size_tokens})"
            )
        return self
