"""The registry's four tables, and the triggers that make `event` append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

# INSERT OR REPLACE deletes without firing DELETE triggers, hence the third one.
SQLITE_TRIGGERS = (
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END",
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END",
    "CREATE TRIGGER event_no_replace BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'event is append-only'); END",
)
POSTGRES_TRIGGERS = (
    "CREATE FUNCTION event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'event is append-only'; END $$",
    "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event "
    "FOR EACH ROW EXECUTE FUNCTION event_is_append_only()",
    "CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event "
    "FOR EACH STATEMENT EXECUTE FUNCTION event_is_append_only()",
)


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "index_version",
        sa.Column("kb", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("run_key", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("parent", sa.String),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("promoted_at", INSTANT),
        sa.Column("decision_hash", sa.String),
        sa.Column("fingerprint", sa.String),
        sa.Column("settings", sa.JSON),
        sa.Column("n_documents", sa.Integer),
        sa.Column("n_chunks", sa.Integer),
        sa.Column("n_added", sa.Integer),
        sa.Column("n_changed", sa.Integer),
        sa.Column("n_removed", sa.Integer),
        sa.Column("ledger_hash", sa.String),
        sa.Column("golden_hash", sa.String),
        sa.Column("recall", sa.Float),
        sa.PrimaryKeyConstraint("kb", "version", name="pk_index_version"),
        sa.UniqueConstraint("kb", "run_key", name="uq_index_version_kb_run_key"),
        sa.ForeignKeyConstraint(
            ["kb", "parent"], ["index_version.kb", "index_version.version"], name="fk_index_version_kb_parent"
        ),
        sa.CheckConstraint(
            "state IN ('building', 'candidate', 'blocked', 'promoted', 'collected')",
            name=op.f("ck_index_version_state"),
        ),
        sa.CheckConstraint("kind IN ('ingest', 'hotfix')", name=op.f("ck_index_version_kind")),
    )
    op.create_table(
        "release",
        sa.Column("kb", sa.String, nullable=False),
        sa.Column("live", sa.String),
        sa.Column("previous", sa.String),
        sa.Column("canary", sa.String),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("kb", name="pk_release"),
        *(
            sa.ForeignKeyConstraint(
                ["kb", role], ["index_version.kb", "index_version.version"], name=f"fk_release_kb_{role}"
            )
            for role in ("live", "previous", "canary")
        ),
        sa.CheckConstraint("weight BETWEEN 0 AND 100", name=op.f("ck_release_weight")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kb", sa.String, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("version_from", sa.String),
        sa.Column("version_to", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("decision_hash", sa.String),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_kb_id", "event", ["kb", "id"])
    op.create_table(
        "lease",
        sa.Column("kb", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("acquired_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("kb", name="pk_lease"),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_TRIGGERS if sqlite else POSTGRES_TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: it would delete the history of who promoted what."""
    raise NotImplementedError("The registry's first migration is not undone; restore a backup of the database instead.")
