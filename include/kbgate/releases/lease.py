"""One worker at a time on a knowledge base: leases with an owner and an expiry, so that a dead worker blocks nobody for long."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from kbgate.errors import ConflictError, UsageError
from kbgate.releases import tables
from kbgate.releases.tables import Lease


def acquire(connection: Connection, kb: str, owner: str, purpose: str, minutes: int, now: datetime) -> Lease:
    """Take the lease, or prolong it if `owner` has it already; an expired one may be taken over.

    The caller holds the lock of the knowledge base's release row.

    Raises:
        ConflictError: somebody else has it.
        UsageError: `minutes` is not positive.
    """
    expires_at = _expiry(now, minutes)
    held = read(connection, kb)
    if held is not None and held.owner != owner and held.expires_at > now:
        raise ConflictError(
            f"{kb} is being worked on by {held.owner} ({held.purpose}) until {held.expires_at:%Y-%m-%d %H:%M} UTC; "
            f"nothing was changed. Wait for it to end and try again. If that run is dead: kbgate unlock --kb {kb} "
            f"--owner {held.owner}. A rollback needs no lease."
        )
    if held is not None and held.owner == owner:
        taken = Lease(kb, owner, purpose, held.acquired_at, expires_at)
    else:
        taken = Lease(kb, owner, purpose, now, expires_at)
    connection.execute(delete(tables.lease).where(tables.lease.c.kb == kb))
    connection.execute(
        insert(tables.lease).values(
            kb=kb, owner=owner, purpose=purpose, acquired_at=taken.acquired_at, expires_at=expires_at
        )
    )
    return taken


def give_back(connection: Connection, kb: str, owner: str) -> bool:
    """Give the lease back and return True; False if `owner` did not have it, which is no error at the end of a run."""
    mine = (tables.lease.c.kb == kb) & (tables.lease.c.owner == owner)
    return connection.execute(delete(tables.lease).where(mine)).rowcount == 1


def read(connection: Connection, kb: str) -> Lease | None:
    """The lease as it stands, expired or not."""
    row = connection.execute(select(tables.lease).where(tables.lease.c.kb == kb)).mappings().one_or_none()
    return None if row is None else Lease(**row)


def _expiry(now: datetime, minutes: int) -> datetime:
    if minutes <= 0:
        raise UsageError(f"A lease of {minutes} minutes was asked for. Wanted: 1 or more.")
    return now + timedelta(minutes=minutes)
