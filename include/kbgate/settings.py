"""All settings as one frozen, typed tree; strongest first: arguments, environment, the settings file, defaults."""

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from kbgate.errors import SettingsError
from kbgate.parts import explain
from kbgate.sections.chunker import ChunkerSettings
from kbgate.sections.coverage import CoverageSettings
from kbgate.sections.drift import DriftSettings
from kbgate.sections.embedder import EmbedderSettings
from kbgate.sections.golden import GoldenSettings
from kbgate.sections.quality import QualitySettings
from kbgate.sections.recall import RecallSettings
from kbgate.sections.reconcile import ReconcileSettings
from kbgate.sections.release import ReleaseSettings
from kbgate.sections.section import Section
from kbgate.sections.source import SourceSettings
from kbgate.sections.store import StoreSettings
from kbgate.variables import PREFIX, refuse_unknown

CONFIG_VARIABLE = "KBGATE_CONFIG"
SHIPPED_CONFIG = Path(__file__).with_name("kbgate.toml")
KB_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
"""A name that Airflow takes as part of a DAG's id and as a tag (at most 100 characters), and a disk as a folder's."""
PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
"""Schedules that Airflow knows by name."""


class KnowledgeBaseSettings(Section):
    """One knowledge base."""

    source: SourceSettings
    schedule: str | None = Field(None, description="Cron expression of the nightly ingest, or none for by hand only.")
    quality: QualitySettings = QualitySettings()
    chunker: ChunkerSettings = ChunkerSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    store: StoreSettings = StoreSettings()
    drift: DriftSettings = DriftSettings()
    coverage: CoverageSettings = CoverageSettings()
    golden: GoldenSettings = GoldenSettings()
    recall: RecallSettings = RecallSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    release: ReleaseSettings = ReleaseSettings()

    @field_validator("schedule")
    @classmethod
    def _schedule_comes_round(cls, schedule: str | None) -> str | None:
        # Airflow would refuse the whole DAG file, and with it the DAGs of every other knowledge base.
        from croniter import CroniterError, croniter

        if schedule is not None and schedule not in PRESETS:
            try:
                croniter(schedule, datetime(2024, 1, 1)).get_next()
            except CroniterError as error:
                raise ValueError(
                    "no cron expression that ever comes round; wanted five fields such as '0 2 * * *', or one of "
                    f"{', '.join(PRESETS)}; leave schedule out for by hand only"
                ) from error
        return schedule


class RegistrySettings(Section):
    """The SQL database that knows every version and which one is live."""

    dsn: SecretStr | None = Field(
        None, repr=False, description="SQLAlchemy URL; default: a SQLite file in the artifact root."
    )
    airflow_connection: str = Field(
        "kbgate_registry", description="Airflow connection that, if it exists, names the database."
    )


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    artifact_root: str = Field("var/artifacts", description="Folder or fsspec URL for everything a run writes.")
    airflow_pool: str = Field(
        "default_pool",
        min_length=1,
        description="Airflow pool that the tasks of ingest and hotfix take their slot of; give it fewer slots than the executor "
        "runs at once, so that a rollback always finds one. Airflow never starts a task whose pool does not exist.",
    )
    registry: RegistrySettings = RegistrySettings()
    kb: dict[str, KnowledgeBaseSettings] = Field(default_factory=dict)

    @field_validator("kb")
    @classmethod
    def _names_suit_airflow(cls, kb: dict[str, KnowledgeBaseSettings]) -> dict[str, KnowledgeBaseSettings]:
        for name in kb:
            if not KB_NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot be the name of a knowledge base; wanted: 1 to 100 of A-Z a-z 0-9 _ . - and first a letter, "
                    f"digit or _; rename the table [kb.{name!r}]"
                )
        return kb

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources, strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_file())

    def knowledge_base(self, name: str) -> KnowledgeBaseSettings:
        """Return the section of one knowledge base.

        Raises:
            SettingsError: there is none of that name.
        """
        if name not in self.kb:
            known = ", ".join(sorted(self.kb)) or "none"
            raise SettingsError(
                f"There is no knowledge base {name!r} in {settings_file()}. Known: {known}. Add a [kb.{name}] table."
            )
        return self.kb[name]


def settings_file() -> Path:
    """The settings file in force: the one KBGATE_CONFIG names, else the one shipped with the project."""
    return Path(os.environ.get(CONFIG_VARIABLE) or SHIPPED_CONFIG)


def load_settings(**arguments: Any) -> Settings:
    """Read and check every setting.

    Raises:
        SettingsError: the file is missing or not TOML, or a setting or variable is unknown or out of bounds; the message
            names it.
    """
    path = settings_file()
    if not path.is_file():
        raise SettingsError(f"The settings file {path} does not exist. Create it or correct {CONFIG_VARIABLE}.")
    refuse_unknown(os.environ, Settings, CONFIG_VARIABLE)
    try:
        return Settings(**arguments)
    except ValidationError as error:
        raise SettingsError(f"{path} (or a KBGATE_ variable): {explain(error, '', Settings)}") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not a settings file: {error}") from error
