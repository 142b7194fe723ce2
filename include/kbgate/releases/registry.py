"""The registry: every version of every knowledge base, which one is live, and who changed that."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from kbgate.errors import ArtifactError, ConflictError, UsageError
from kbgate.releases import lease, statements
from kbgate.releases.database import Database
from kbgate.releases.tables import Event, IndexVersion, Lease, Release, VersionFacts, VersionKind
from kbgate.releases.version_names import Bump, next_hotfix_name, next_version_name

_WHAT_TO_DO = {
    "building": "Let its run finish first.",
    "blocked": "`kbgate show` (with --kb) gives the reasons; correct the batch and start a new run.",
    "promoted": "It was live before; to return to it, roll back to it.",
    "collected": "Its data is deleted; start a new run.",
}


class Registry:
    """Reads and changes the registry; each method that changes it is one transaction.

    `dsn` is a SQLAlchemy URL of a SQLite file or a PostgreSQL database, `clock` returns an aware datetime.
    Every method raises `InfrastructureError` if the database does not answer.

    Raises:
        SettingsError: `dsn` is malformed or names another kind of database.
    """

    def __init__(self, dsn: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = Database(dsn)
        self._clock = clock

    def migrate(self) -> None:
        """Create the tables or bring them up to date; safe to call at every start."""
        self._database.migrate()

    def has_tables(self) -> bool:
        """Whether anything was ever ingested: the first ingest makes the tables."""
        return self._database.has_tables()

    def close(self) -> None:
        """Give the database connections back."""
        self._database.close()

    def release(self, kb: str) -> Release:
        """What the knowledge base serves; revision 0 and nothing live if it was never promoted."""
        with self._database.read() as connection:
            return statements.read_release(connection, kb)

    def versions(self, kb: str) -> list[IndexVersion]:
        """Every version of the knowledge base, in the order of their names."""
        with self._database.read() as connection:
            return statements.read_versions(connection, kb)

    def version(self, kb: str, name: str) -> IndexVersion:
        """One version.

        Raises:
            UsageError: there is none of that name.
        """
        with self._database.read() as connection:
            return statements.read_version(connection, kb, name)

    def events(self, kb: str) -> list[Event]:
        """The whole history of the knowledge base, oldest first."""
        with self._database.read() as connection:
            return statements.read_events(connection, kb)

    def standing_rollback(self, kb: str) -> Event | None:
        """The rollback that moved the pointer last; None if a promotion came after it, or if there never was one."""
        with self._database.read() as connection:
            last = statements.last_move(connection, kb)
        return last if last is not None and last.kind == "rolled_back" else None

    def reserve_version(
        self, kb: str, run_key: str, *, kind: VersionKind, base: str | None, bump: Bump, actor: str, reason: str
    ) -> IndexVersion:
        """Reserve the next free name after `base` for a run; a retry of the same run gets the same version back.

        `base` is the version the data builds upon (live, or what a hotfix repairs); a hotfix ignores `bump`. A run that was
        started again upon another base gets a new name, and what it built before counts as collected.

        Raises:
            UsageError: `base` does not exist or is collected, a hotfix has no base or no reason, or what this run
                built was collected meanwhile.
        """
        _require("actor", actor)
        if kind == "hotfix":
            _require("reason", reason)
        with self._database.write() as connection:
            statements.lock_release(connection, kb)
            found = statements.read_version_of_run(connection, kb, run_key)
            if found is not None and found.state == "collected":
                raise UsageError(f"{kb} {found.version} of run {run_key} was collected. Start a new run.")
            if found is not None and (found.parent == base or found.promoted_at is not None):
                return found
            if base is not None and statements.read_version(connection, kb, base).state == "collected":
                raise UsageError(f"{kb} {base} was collected, nothing can build upon it. Choose another base version.")
            taken = {known.version for known in statements.read_versions(connection, kb)}
            if kind == "ingest":
                name = next_version_name(base, bump, taken)
            elif base is not None:
                name = next_hotfix_name(base, taken)
            else:
                raise UsageError(f"A hotfix of {kb} needs a base version to repair. Run an ordinary ingest first.")
            new = IndexVersion(kb, name, run_key, "building", kind, base, actor, reason, self._clock())
            if found is not None:
                served = statements.read_release(connection, kb)
                statements.change_version(
                    connection, kb, found.version, state="collected", run_key=f"{run_key}~{found.version}"
                )
                why = f"its run was started again on {base} and builds {name}"
                statements.add_event(connection, "collected", found, None, served.revision, self._clock(), actor, why)
            statements.add_version(connection, new)
            return new

    def record_candidate(
        self, kb: str, version: str, *, facts: VersionFacts, decision_hash: str, actor: str
    ) -> IndexVersion:
        """Record that every gate let the version pass, which is what makes it promotable; a retry may overwrite it.

        Raises:
            UsageError: the version does not exist, was collected, or was promoted with another decision.
        """
        return self._record(kb, version, "candidate", facts, decision_hash, actor, "the gates let it pass")

    def mark_blocked(
        self, kb: str, version: str, *, facts: VersionFacts, decision_hash: str | None, actor: str, reason: str
    ) -> IndexVersion:
        """Record that the version must not be promoted, and why (the decision's headline).

        Raises:
            UsageError: the version does not exist, was collected or promoted.
        """
        return self._record(kb, version, "blocked", facts, decision_hash, actor, reason)

    def mark_collected(self, kb: str, version: str, *, actor: str, reason: str) -> IndexVersion:
        """Record that a version's data is deleted; call it before the store drops it, so that nobody rolls back to it.

        Raises:
            UsageError: it does not exist, or it is live, previous or canary.
        """
        with self._database.write() as connection:
            served = statements.lock_release(connection, kb)
            found = statements.read_version(connection, kb, version)
            if found.state == "collected":
                return found
            if version in (served.live, served.previous, served.canary):
                raise UsageError(f"{kb} {version} is live, previous or canary, so it cannot be collected.")
            statements.change_version(connection, kb, version, state="collected")
            statements.add_event(connection, "collected", found, None, served.revision, self._clock(), actor, reason)
            return statements.read_version(connection, kb, version)

    def promote(
        self, kb: str, version: str, *, expected_revision: int, decision_hash: str, actor: str, reason: str
    ) -> Release:
        """Make a candidate live if the release is still at `expected_revision`; what was live becomes previous.

        Promoting what is live already with the same decision changes nothing: it is the retry of a task that had
        succeeded.

        Raises:
            ConflictError: somebody else promoted or rolled back first; the message says who and what to do.
            UsageError: the version does not exist or is not a candidate.
            ArtifactError: the registry recorded another decision for it.
        """
        _require("actor", actor)
        with self._database.write() as connection:
            served = statements.lock_release(connection, kb)
            found = statements.read_version(connection, kb, version)
            if found.decision_hash not in (None, decision_hash):
                raise ArtifactError(
                    f"{kb} {version} was recorded with the decision {found.decision_hash}, but the one given is "
                    f"{decision_hash}: it was changed afterwards. Nothing was promoted. Run the gates again."
                )
            if served.live == version:
                return served
            if served.revision != expected_revision and found.state in ("candidate", "promoted"):
                raise ConflictError(
                    f"{kb} {version} was not promoted: the release moved from revision {expected_revision} to "
                    f"{served.revision}{statements.who_moved_last(connection, kb)}. Live is {served.live}. "
                    "Start a new run, which will be compared with what is live now."
                )
            if found.state != "candidate":
                raise UsageError(
                    f"{kb} {version} is {found.state}; only a candidate can be promoted. {_WHAT_TO_DO[found.state]}"
                )
            return self._move(connection, served, found, served.live, "promoted", actor, reason)

    def rollback(
        self, kb: str, target: str | None, *, actor: str, reason: str, expected_revision: int | None = None
    ) -> Release:
        """Make a version that was live before live again, at once: no gate, no lease, and it wins over a running ingest.

        `target` None is the previous version; it is refused while another rollback stands, because the second of two people
        who press the button means the same bad version, and would go back two. Previous becomes what was live before the
        target was promoted. The revision grows even if the target is live already: an ingest that is under way cannot
        promote any more. Pass `expected_revision` to make a retry harmless.

        Raises:
            UsageError: no reason given, no such version, one that was never live or whose data is deleted, or no target
                given although the last move was a rollback.
            ConflictError: `expected_revision` was given and somebody moved the release first.
        """
        _require("actor", actor)
        _require("reason", reason)
        with self._database.write() as connection:
            served = statements.lock_release(connection, kb)
            last = statements.last_move(connection, kb)
            if target is None and last is not None and last.kind == "rolled_back":
                raise UsageError(
                    f"{kb} was rolled back already{statements.who_moved_last(connection, kb)}. Live is {served.live}, and "
                    f"nothing was changed. To go further back name a version. {statements.rollback_targets(connection, kb)}"
                )
            if expected_revision not in (None, served.revision):
                raise ConflictError(
                    f"{kb} was not rolled back: the release moved from revision {expected_revision} to "
                    f"{served.revision}{statements.who_moved_last(connection, kb)}. Live is {served.live}. "
                    "If that is not what you want, roll back again."
                )
            name = target or served.previous
            if name is None:
                raise UsageError(
                    f"{kb} has no previous version to go back to. {statements.rollback_targets(connection, kb)}"
                )
            found = statements.read_version(connection, kb, name)
            if found.state != "promoted":
                raise UsageError(
                    f"{kb} cannot be rolled back to {name}, which is {found.state}: only to a version that was live "
                    f"before and whose data still exists. {statements.rollback_targets(connection, kb)}"
                )
            previous = served.previous if name == served.live else statements.live_before(connection, kb, name)
            return self._move(connection, served, found, previous, "rolled_back", actor, reason)

    def acquire_lease(self, kb: str, owner: str, purpose: str, minutes: int) -> Lease:
        """Take the right to work on the knowledge base alone; the same owner may take it again, which prolongs it.

        Raises:
            ConflictError: somebody else has it; the message names the owner, the purpose and the expiry.
            UsageError: `minutes` is not positive.
        """
        with self._database.write() as connection:
            statements.lock_release(connection, kb)
            return lease.acquire(connection, kb, owner, purpose, minutes, self._clock())

    def release_lease(self, kb: str, owner: str) -> bool:
        """Give the lease back; False (and no error) if `owner` does not have it."""
        with self._database.write() as connection:
            return lease.give_back(connection, kb, owner)

    def lease(self, kb: str) -> Lease | None:
        """The lease in force, or None if there is none or it has expired."""
        with self._database.read() as connection:
            found = lease.read(connection, kb)
        return found if found is not None and found.expires_at > self._clock() else None

    def _record(
        self,
        kb: str,
        version: str,
        state: Literal["candidate", "blocked"],
        facts: VersionFacts,
        decision_hash: str | None,
        actor: str,
        reason: str,
    ) -> IndexVersion:
        with self._database.write() as connection:
            served = statements.lock_release(connection, kb)
            found = statements.read_version(connection, kb, version)
            same_decision = found.decision_hash == decision_hash
            if same_decision and (found.state == state or (found.state, state) == ("promoted", "candidate")):
                return found
            if found.state in ("promoted", "collected"):
                raise UsageError(f"{kb} {version} is {found.state} and does not change any more. Start a new run.")
            values = {"state": state, "decision_hash": decision_hash} | asdict(facts)
            statements.change_version(connection, kb, version, **values)
            recorded = statements.read_version(connection, kb, version)
            statements.add_event(
                connection, state, recorded, found.parent, served.revision, self._clock(), actor, reason
            )
            return recorded

    def _move(
        self,
        connection: Connection,
        served: Release,
        target: IndexVersion,
        previous: str | None,
        kind: Literal["promoted", "rolled_back"],
        actor: str,
        reason: str,
    ) -> Release:
        """Move the pointer and write down who did it: the only place that changes what is live."""
        moved = Release(served.kb, live=target.version, previous=previous, revision=served.revision + 1)
        statements.move_release(connection, served, moved)
        now = self._clock()
        statements.change_version(connection, served.kb, target.version, state="promoted", promoted_at=now)
        statements.add_event(connection, kind, target, served.live, moved.revision, now, actor, reason)
        return moved


def _require(name: str, value: str) -> None:
    if not value.strip():
        raise UsageError(f"A {name} is required: it is kept in the history of the knowledge base. Give one.")
