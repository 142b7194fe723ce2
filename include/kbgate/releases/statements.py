"""The SQL that the registry's methods are made of; each function works inside the caller's transaction."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kbgate.errors import ConflictError, UsageError
from kbgate.releases import tables
from kbgate.releases.tables import Event, EventKind, IndexVersion, Release, VersionFacts
from kbgate.releases.version_names import VersionName

_FACTS = tuple(VersionFacts.__dataclass_fields__)


def read_release(connection: Connection, kb: str) -> Release:
    """The release row; revision 0 and nothing live if there is none."""
    row = connection.execute(select(tables.release).where(tables.release.c.kb == kb)).mappings().one_or_none()
    return Release(kb) if row is None else Release(**row)


def lock_release(connection: Connection, kb: str) -> Release:
    """The release row, made if it is missing, and locked: all changes of one knowledge base queue up here."""
    insert_if_missing = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert_if_missing(tables.release).values(asdict(Release(kb))).on_conflict_do_nothing())
    query = select(tables.release).where(tables.release.c.kb == kb).with_for_update()
    return Release(**connection.execute(query).mappings().one())


def move_release(connection: Connection, before: Release, after: Release) -> None:
    """Compare and swap.

    Raises:
        ConflictError: the row is not at the revision of `before` any more.
    """
    unmoved = (tables.release.c.kb == before.kb) & (tables.release.c.revision == before.revision)
    if connection.execute(update(tables.release).where(unmoved).values(asdict(after))).rowcount != 1:
        raise ConflictError(f"The release of {before.kb} was changed at the same moment; nothing was done. Try again.")


def read_version(connection: Connection, kb: str, name: str) -> IndexVersion:
    """One version.

    Raises:
        UsageError: there is none of that name.
    """
    query = select(tables.index_version).where(_is_version(kb, name))
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UsageError(f"{kb} has no version {name}. `kbgate versions --kb {kb}` lists those there are.")
    return _index_version(row)


def read_version_of_run(connection: Connection, kb: str, run_key: str) -> IndexVersion | None:
    """The version a run reserved, if it did."""
    mine = (tables.index_version.c.kb == kb) & (tables.index_version.c.run_key == run_key)
    row = connection.execute(select(tables.index_version).where(mine)).mappings().one_or_none()
    return None if row is None else _index_version(row)


def read_versions(connection: Connection, kb: str) -> list[IndexVersion]:
    """Every version, in the order of their names."""
    rows = connection.execute(select(tables.index_version).where(tables.index_version.c.kb == kb)).mappings()
    return sorted((_index_version(row) for row in rows), key=lambda found: VersionName.parse(found.version))


def add_version(connection: Connection, version: IndexVersion) -> None:
    """Insert a new version."""
    values = asdict(version)
    connection.execute(insert(tables.index_version).values(values | values.pop("facts")))


def change_version(connection: Connection, kb: str, name: str, **values: Any) -> None:
    """Set columns of one version."""
    connection.execute(update(tables.index_version).where(_is_version(kb, name)).values(**values))


def read_events(connection: Connection, kb: str) -> list[Event]:
    """The whole history, oldest first."""
    query = select(tables.event).where(tables.event.c.kb == kb).order_by(tables.event.c.id)
    return [Event(**row) for row in connection.execute(query).mappings()]


def add_event(
    connection: Connection,
    kind: EventKind,
    version: IndexVersion,
    version_from: str | None,
    revision: int,
    at: datetime,
    actor: str,
    reason: str,
) -> None:
    """Append to the history what happened to a version; `revision` is the release's after it."""
    connection.execute(
        insert(tables.event).values(
            kb=version.kb,
            at=at,
            kind=kind,
            version_from=version_from,
            version_to=version.version,
            actor=actor,
            reason=reason,
            decision_hash=version.decision_hash,
            revision=revision,
        )
    )


def last_move(connection: Connection, kb: str) -> Event | None:
    """The newest event that moved the live pointer."""
    of_pointer = tables.event.c.kind.in_(("promoted", "rolled_back"))
    last = _last_event(connection, kb, of_pointer, tables.event.c.id)
    if last is None:
        return None
    return Event(**connection.execute(select(tables.event).where(tables.event.c.id == last)).mappings().one())


def who_moved_last(connection: Connection, kb: str) -> str:
    """Who moved the release last, as the middle of a sentence; empty if nobody did."""
    move = last_move(connection, kb)
    if move is None:
        return ""
    what = "promoted" if move.kind == "promoted" else "rolled back to"
    return f" ({move.actor} {what} {move.version_to} at {move.at:%Y-%m-%d %H:%M:%S} UTC: {move.reason or 'no reason given'})"


def live_before(connection: Connection, kb: str, name: str) -> str | None:
    """The version that was live until `name` was promoted, if its data still exists."""
    is_promotion = (tables.event.c.kind == "promoted") & (tables.event.c.version_to == name)
    before = _last_event(connection, kb, is_promotion, tables.event.c.version_from)
    kept = before is not None and read_version(connection, kb, before).state == "promoted"
    return before if kept else None


def rollback_targets(connection: Connection, kb: str) -> str:
    """The versions that can be rolled back to, as a sentence."""
    names = [found.version for found in read_versions(connection, kb) if found.state == "promoted"]
    return f"Possible targets: {', '.join(names) or 'none'}."


def _last_event(connection: Connection, kb: str, which: Any, column: Any) -> Any:
    """One column of the newest event of a kind; the history grows without end, so it is never read whole."""
    chosen = select(column).where((tables.event.c.kb == kb) & which).order_by(tables.event.c.id.desc()).limit(1)
    return connection.execute(chosen).scalar_one_or_none()


def _is_version(kb: str, name: str) -> Any:
    return (tables.index_version.c.kb == kb) & (tables.index_version.c.version == name)


def _index_version(row: Mapping[Any, Any]) -> IndexVersion:
    values = dict(row)
    facts = VersionFacts(**{name: values.pop(name) for name in _FACTS})
    return IndexVersion(**values, facts=facts)
