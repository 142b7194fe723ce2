"""Settings: how versions are promoted and kept."""

from typing import Annotated, Literal

from pydantic import Field

from kbgate.sections.section import Section


class ReleaseSettings(Section):
    """How versions are promoted and kept."""

    first_ingest: Literal["allow", "hold"] = Field(
        "allow", description="Whether gates that need a reference may be open once."
    )
    keep_versions: Annotated[int, Field(ge=1)] = 5
    lease_minutes: Annotated[int, Field(ge=1)] = 240
