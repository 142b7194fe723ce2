"""What every part of the settings tree is: frozen, typed, bounded."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What NumPy, pandas and scikit-learn all take."""
Similarity = Annotated[float, Field(ge=-1, le=1)]


class Section(BaseModel):
    """A part of the tree: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
