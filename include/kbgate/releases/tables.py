"""The registry's four tables, and the frozen row of each as callers see it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

VersionKind = Literal["ingest", "hotfix"]
VersionState = Literal["building", "candidate", "blocked", "promoted", "collected"]
EventKind = Literal["candidate", "blocked", "promoted", "rolled_back", "collected"]


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What a run learnt about the version it built; None where it did not get that far.

    `settings` holds the fingerprint's fields and the chunker's settings; hashes are SHA-256 in hex; `recall` in [0, 1].
    """

    fingerprint: str | None = None
    settings: dict[str, Any] | None = None
    n_documents: int | None = None
    n_chunks: int | None = None
    n_added: int | None = None
    n_changed: int | None = None
    n_removed: int | None = None
    ledger_hash: str | None = None
    golden_hash: str | None = None
    recall: float | None = None


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """One version of a knowledge base's index; which one is live is the release's business.

    States: building (name reserved) -> candidate (every gate let it pass) or blocked -> promoted (was live at least
    once) -> collected (its data is deleted, the name stays taken).
    `parent` is the version whose data it builds upon, `promoted_at` the last time it became live.
    """

    kb: str
    version: str
    run_key: str
    state: VersionState
    kind: VersionKind
    parent: str | None
    actor: str
    reason: str
    created_at: datetime
    promoted_at: datetime | None = None
    decision_hash: str | None = None
    facts: VersionFacts = field(default_factory=VersionFacts)


@dataclass(frozen=True, slots=True)
class Release:
    """What a knowledge base serves; `revision` grows with every promotion and rollback, `weight` is the canary's percent."""

    kb: str
    live: str | None = None
    previous: str | None = None
    canary: str | None = None
    weight: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history that nobody can change; `revision` is the release's after the event."""

    id: int
    kb: str
    at: datetime
    kind: EventKind
    version_from: str | None
    version_to: str
    actor: str
    reason: str
    decision_hash: str | None
    revision: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a knowledge base alone until `expires_at`."""

    kb: str
    owner: str
    purpose: str
    acquired_at: datetime
    expires_at: datetime


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC: `timestamptz` on PostgreSQL, text in UTC on SQLite, always timezone-aware in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC on the way in; SQLite stores no zone."""
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Attach or convert to UTC on the way out."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

index_version = Table(
    "index_version",
    metadata,
    Column("kb", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("run_key", String, nullable=False),
    Column("state", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("parent", String),
    Column("actor", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("promoted_at", UtcDateTime),
    Column("decision_hash", String),
    Column("fingerprint", String),
    Column("settings", JSON(none_as_null=True)),
    Column("n_documents", Integer),
    Column("n_chunks", Integer),
    Column("n_added", Integer),
    Column("n_changed", Integer),
    Column("n_removed", Integer),
    Column("ledger_hash", String),
    Column("golden_hash", String),
    Column("recall", Float),
    UniqueConstraint("kb", "run_key"),
    ForeignKeyConstraint(["kb", "parent"], ["index_version.kb", "index_version.version"]),
    CheckConstraint("state IN ('building', 'candidate', 'blocked', 'promoted', 'collected')", name="state"),
    CheckConstraint("kind IN ('ingest', 'hotfix')", name="kind"),
)

release = Table(
    "release",
    metadata,
    Column("kb", String, primary_key=True),
    Column("live", String),
    Column("previous", String),
    Column("canary", String),
    Column("weight", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    *(
        ForeignKeyConstraint(["kb", role], ["index_version.kb", "index_version.version"])
        for role in ("live", "previous", "canary")
    ),
    CheckConstraint("weight BETWEEN 0 AND 100", name="weight"),
)

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kb", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("version_from", String),
    Column("version_to", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("decision_hash", String),
    Column("revision", Integer, nullable=False),
    Index(None, "kb", "id"),
    # SQLite would otherwise give the id of a deleted last row away again.
    sqlite_autoincrement=True,
)

lease = Table(
    "lease",
    metadata,
    Column("kb", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("acquired_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
