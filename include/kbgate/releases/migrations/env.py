"""Alembic's entry: `Database.migrate` runs it with its own connection and transaction.

A new migration: add `versions/r0002_<what>.py` by hand (or from script.py.mako) and change `tables.py` to match;
tests/contract/test_registry.py compares the two on SQLite and PostgreSQL.
"""

from alembic import context

from kbgate.releases.tables import metadata

# Not Alembic's usual name: the registry may share a database with Airflow, which uses that one.
VERSION_TABLE = "kbgate_schema_version"

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
