"""Settings: where vectors live."""

from typing import Any

from pydantic import Field

from kbgate.sections.section import Section


class StoreSettings(Section):
    """Where vectors live."""

    kind: str = "lancedb"
    options: dict[str, Any] = Field(default_factory=dict, description="The store's own options, such as uri.")
    airflow_connection: str | None = Field(
        None, description="Airflow connection that holds the server's address and password."
    )
