"""Settings: where documents come from."""

from typing import Any, Literal

from pydantic import Field, model_validator

from kbgate.sections.section import Section


class SourceSettings(Section):
    """Where documents come from."""

    kind: str = Field(description="Registered source, such as jsonl, csv, parquet, markdown, html, sql.")
    mode: Literal["snapshot", "delta"] = Field(
        "snapshot", description="A snapshot lists every document; a delta lists what changed."
    )
    deletions: str | None = Field(None, description="Delta only: path of a text file with one doc_id a line to remove.")
    options: dict[str, Any] = Field(default_factory=dict, description="The source's own options.")
    airflow_connection: str | None = Field(None, description="Airflow connection of the database, for kind = 'sql'.")

    @model_validator(mode="after")
    def _deletions_belong_to_deltas(self) -> "SourceSettings":
        if self.deletions is not None and self.mode == "snapshot":
            raise ValueError(
                "deletions is only for mode = 'delta'; in a snapshot a document is removed by leaving it out"
            )
        return self
