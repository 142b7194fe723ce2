"""One run of a pipeline: what was asked for, what was live when it began, and the parts its settings name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kbgate import chunkers, embedders, sources, stores
from kbgate.artifacts import RunFolder
from kbgate.errors import ArtifactError, InfrastructureError, SettingsError, UsageError
from kbgate.parts import explain, load
from kbgate.quality.suite_file import suite_file
from kbgate.records import sha256_of
from kbgate.results import GateResult, StageResult, Verdict
from kbgate.settings import KnowledgeBaseSettings, Settings

if TYPE_CHECKING:
    import pandas as pd

    from kbgate.embedders.cached_embedder import CachedEmbedder
    from kbgate.releases.registry import Registry

REQUEST_FILE = "request.json"
START_FILE = "start.json"
LEDGER_FILE = "ledger.parquet"
SECRET_OPTIONS = frozenset({"dsn", "password", "token", "secret", "storage_options"})


class RunRequest(BaseModel):
    """What a person, a schedule or a script asked this run to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kb: str
    run_key: str
    kind: Literal["ingest", "hotfix", "rollback", "promotion"] = "ingest"
    actor: str
    reason: str
    overrides: dict[str, Any] = Field(default_factory=dict)
    """Settings that differ in this run, by section: `{"source": {...}, "chunker": {...}, "embedder": {...}}`."""
    base: str | None = None
    """Version to build on; the live one if None."""
    documents: str | None = None
    """Hotfix only: a glob over doc_id; only these documents are taken from the batch."""
    promote: bool = True
    """False: build and judge, but leave the promotion to a person."""
    target: str | None = None
    """Rollback: the version to return to; the previous one if None. Promotion: the candidate."""

    @property
    def reads_base(self) -> bool:
        """Whether the batch is the base version's own texts: a hotfix without a batch of its own."""
        return self.kind == "hotfix" and "options" not in self.overrides.get("source", {})


class RunStart(BaseModel):
    """What was true when the run began; promotion fails if the release has moved since."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    live: str | None
    base: str | None
    revision: int
    settings_hash: str
    rebuild: bool
    """True when model or chunk settings differ from the base's, so that every document is cut and embedded again."""
    started_at: str | None = None
    """UTC, ISO 8601; None in runs of an older kbgate."""


@dataclass(frozen=True)
class Run:
    """A run and its parts, each made on first use."""

    settings: Settings
    request: RunRequest
    progress: Callable[[int, int], None] | None = None
    """Called with (done, total) during long work."""

    @property
    def version_kind(self) -> Literal["ingest", "hotfix"]:
        """How the version that this run builds is named."""
        return "hotfix" if self.request.kind == "hotfix" else "ingest"

    @property
    def kb(self) -> str:
        """Name of the knowledge base."""
        return self.request.kb

    @cached_property
    def folder(self) -> RunFolder:
        """Where this run's files lie."""
        return RunFolder(self.settings.artifact_root, self.kb, self.request.run_key)

    @cached_property
    def kb_settings(self) -> KnowledgeBaseSettings:
        """The knowledge base's settings with this run's overrides.

        Raises:
            SettingsError: an override is unknown or out of bounds.
        """
        settings = self.settings.knowledge_base(self.kb)
        merged = settings.model_dump()
        for section, values in self.request.overrides.items():
            if not isinstance(merged.get(section), dict):
                raise SettingsError(f"{section!r} is not a section of settings that a run may override.")
            merged[section] = {**merged[section], **values}
        try:
            return KnowledgeBaseSettings.model_validate(merged)
        except ValidationError as error:
            told = explain(error, f"kb.{self.kb}", KnowledgeBaseSettings)
            raise SettingsError(f"This run's parameters do not fit: {told}") from error

    @cached_property
    def settings_hash(self) -> str:
        """SHA-256 of all that this run is judged by, without secrets."""
        return sha256_of(without_secrets(self.kb_settings.model_dump(mode="json")))

    @cached_property
    def registry(self) -> "Registry":
        """The registry of versions and releases."""
        from kbgate.releases.registry import Registry

        return Registry(registry_dsn(self.settings))

    @cached_property
    def store(self) -> stores.Store:
        """The vector store of this knowledge base."""
        section = self.kb_settings.store
        options = dict(section.options)
        if section.kind in ("lancedb", "numpy"):
            options.setdefault("uri", f"{self.settings.artifact_root}/{self.kb}/store")
        return load(stores.REGISTRY, section.kind, f"kb.{self.kb}.store.kind")(self.kb, options)

    @cached_property
    def source(self) -> sources.Source:
        """Where this run's documents come from."""
        section = self.kb_settings.source
        return load(sources.REGISTRY, section.kind, f"kb.{self.kb}.source.kind")(dict(section.options))

    @cached_property
    def embedder(self) -> embedders.Embedder:
        """The embedding model; its weights are loaded when the first text is embedded."""
        section = self.kb_settings.embedder
        return load(embedders.REGISTRY, section.kind, f"kb.{self.kb}.embedder.kind")(section)

    @property
    def cache_folder(self) -> str:
        """Folder of the vector cache.

        Raises:
            SettingsError: it is not local.
        """
        folder = self.kb_settings.embedder.cache or f"{self.settings.artifact_root}/cache"
        if "://" in folder:
            raise SettingsError(
                f"kb.{self.kb}.embedder.cache must be a local folder (found {folder!r}): the vector cache is a memory-mapped file. "
                "Name a local folder; losing it costs time, never correctness."
            )
        return folder

    @cached_property
    def cached_embedder(self) -> "CachedEmbedder":
        """The embedding model behind the vector cache."""
        from kbgate.embedders.cached_embedder import CachedEmbedder
        from kbgate.embedders.vector_cache import VectorCache
        from kbgate.gates.embedding_probe import PROBE_SENTENCES

        similarity = self.kb_settings.reconcile.min_reembed_similarity
        return CachedEmbedder(self.embedder, VectorCache(Path(self.cache_folder)), PROBE_SENTENCES, similarity)

    @cached_property
    def chunker(self) -> chunkers.Chunker:
        """The chunker, counting with the model's tokenizer."""
        section = self.kb_settings.chunker
        return load(chunkers.REGISTRY, section.kind, f"kb.{self.kb}.chunker.kind")(section, self.embedder.tokenizer)

    @cached_property
    def start(self) -> RunStart:
        """What was true when the run began.

        Raises:
            UsageError: the settings have changed since.
        """
        start = RunStart.model_validate(self.folder.read_json(START_FILE))
        if start.settings_hash != self.settings_hash:
            raise UsageError(
                f"The settings of {self.kb} changed after this run began, so its stages would be judged by different rules. "
                "Clear the run from its first task (open_run) or start a new one."
            )
        return start

    def version_folder(self, version: str) -> RunFolder:
        """The folder of the run that built a version: its ledger, profile and gate files lie there."""
        return RunFolder(self.settings.artifact_root, self.kb, self.registry.version(self.kb, version).run_key)

    def ledger(self, version: str | None, columns: list[str] | None = None) -> "pd.DataFrame | None":
        """The ledger of a version, one row a document, or some of its columns; None for no version."""
        return None if version is None else self.version_folder(version).read_table(LEDGER_FILE, columns).to_pandas()

    def protected_versions(self) -> set[str]:
        """The versions that the release names; no store may drop them."""
        release = self.registry.release(self.kb)
        return {name for name in (release.live, release.previous, release.canary) if name is not None}

    @property
    def promoted_version(self) -> str | None:
        """Name of the version that this run built and made live, even if another one is live by now."""
        versions = self.registry.versions(self.kb)
        return next((v.version for v in versions if v.run_key == self.request.run_key and v.promoted_at), None)

    def suite(self, name: str) -> Path:
        """Path of a Great Expectations suite: `documents` or `chunks`.

        Raises:
            SettingsError: there is no such file.
        """
        return suite_file(self.kb_settings.quality, name)

    def holds(self, gate: GateResult) -> bool:
        """Whether a gate's result alone holds the promotion of this run, with the leniency a first ingest may have."""
        lenient = (
            gate.needs_reference
            and gate.verdict is Verdict.INCONCLUSIVE
            and self.start.live is None
            and self.kb_settings.release.first_ingest == "allow"
        )
        return gate.blocks and not lenient

    def finish_gate(self, gate: GateResult) -> StageResult:
        """Keep a gate's result, first of all, and say whether it holds the promotion."""
        self.folder.write_gate(gate)
        return StageResult(message=gate.message, holds=self.holds(gate), summary={"verdict": gate.verdict.value})

    @property
    def index_settings(self) -> dict[str, Any]:
        """What decides how text becomes chunks and vectors; a change of it rebuilds the whole index."""
        chunker = self.kb_settings.chunker
        return {
            "embedding": self.embedder.fingerprint.model_dump(),
            "chunker": chunker.model_dump(include={"kind", "size_tokens", "overlap_tokens", "options"}),
        }


def load_run(settings: Settings, kb: str, run_key: str) -> Run:
    """Return a run that has been opened, as its later stages see it.

    Raises:
        ArtifactError: there is no such run, or its request cannot be read.
    """
    folder = RunFolder(settings.artifact_root, kb, run_key)
    try:
        request = RunRequest.model_validate(folder.read_json(REQUEST_FILE))
    except ValidationError as error:
        raise ArtifactError(f"{folder.uri}/{REQUEST_FILE} is not a run request: {explain(error, '')}") from error
    return Run(settings, request)


def registry_dsn(settings: Settings) -> str:
    """The registry's SQLAlchemy URL: the one in the settings, else a SQLite file in a local artifact root.

    Raises:
        SettingsError: the artifact root is not a local folder and no DSN is set.
        InfrastructureError: the artifact root cannot be made.
    """
    if settings.registry.dsn is not None:
        return settings.registry.dsn.get_secret_value()
    if "://" in settings.artifact_root:
        raise SettingsError(
            f"artifact_root is {settings.artifact_root}, where no SQLite file can live. Name a database: create the Airflow connection "
            f"{settings.registry.airflow_connection!r} or set KBGATE_REGISTRY__DSN."
        )
    root = Path(settings.artifact_root)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InfrastructureError(
            f"artifact_root {root} cannot be used: {error}. Name a folder that can be written."
        ) from error
    return f"sqlite:///{root.resolve() / 'registry.db'}"


def without_secrets(value: Any) -> Any:
    """Copy a settings tree without the values whose names say that they are secret."""
    if isinstance(value, dict):
        return {key: "***" if key in SECRET_OPTIONS else without_secrets(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(inner) for inner in value]
    return value
