"""The registry's rules, each on a SQLite file and on a real PostgreSQL."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kbgate.errors import ArtifactError, ConflictError, InfrastructureError, KbgateError, UsageError
from kbgate.releases.registry import Registry
from kbgate.releases.statements import move_release
from kbgate.releases.tables import VersionFacts, metadata

KB = "helpdesk"
N_CALLERS = 20
FACTS = VersionFacts(
    fingerprint="0123456789abcdef",
    settings={"chunker": {"size_tokens": 240}, "embedding": {"model": "文件"}},
    n_documents=3,
    n_chunks=7,
    recall=0.91,
)
# Callers inherit what they need by fork: 20 fresh interpreters would take most of the test's time.
FORK = multiprocessing.get_context("fork")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def dsn(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_dsn")
    return f"sqlite:///{tmp_path}/new folder/registry.db"


@pytest.fixture
def engine(dsn: str) -> Iterator[sa.Engine]:
    """The same database, past the registry."""
    engine = sa.create_engine(dsn, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(dsn: str, clock: Clock) -> Iterator[Registry]:
    registry = Registry(dsn, clock)
    registry.migrate()
    yield registry
    registry.close()


def reserve(registry: Registry, run_key: str, bump: Any = "patch", base: str | None = None) -> str:
    base = base or registry.release(KB).live
    return registry.reserve_version(
        KB, run_key, kind="ingest", base=base, bump=bump, actor="airflow", reason="nightly"
    ).version


def candidate(registry: Registry, run_key: str, **options: Any) -> str:
    name = reserve(registry, run_key, **options)
    registry.record_candidate(KB, name, facts=FACTS, decision_hash=f"hash of {run_key}", actor="airflow")
    return name


def promote(registry: Registry, name: str, run_key: str, revision: int) -> Any:
    return registry.promote(
        KB, name, expected_revision=revision, decision_hash=f"hash of {run_key}", actor=run_key, reason="gates passed"
    )


def release_three(registry: Registry) -> None:
    """v1.0.0, v1.0.1 and v1.0.2 live one after the other."""
    for revision in range(3):
        promote(registry, candidate(registry, f"run {revision}"), f"run {revision}", revision)


def kinds(registry: Registry) -> list[str]:
    return [found.kind for found in registry.events(KB)]


def outcomes_of(dsn: str, calls: list[Callable[[Registry], Any]], executor: str) -> list[str]:
    """Run all calls at the same moment, in threads or processes; "ok" or the error's class name of each."""

    def outcome(call: Callable[[Registry], Any], barrier: Any) -> str:
        barrier.wait(timeout=60)
        try:
            with closing(Registry(dsn)) as own:
                call(own)
        except KbgateError as error:
            return type(error).__name__
        return "ok"

    if executor == "threads":
        barrier = threading.Barrier(len(calls))
        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(lambda call: outcome(call, barrier), calls))
    results, gate = FORK.Queue(), FORK.Barrier(len(calls))
    workers = [FORK.Process(target=lambda call=call: results.put(outcome(call, gate))) for call in calls]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    return found


# Versions and their names


def test_a_knowledge_base_that_was_never_ingested_has_nothing_live(registry: Registry) -> None:
    release = registry.release(KB)
    assert (release.live, release.previous, release.canary, release.weight, release.revision) == (None,) * 3 + (0, 0)
    assert registry.versions(KB) == []
    assert registry.events(KB) == []


def test_a_retry_of_a_run_gets_the_same_version(registry: Registry) -> None:
    assert reserve(registry, "run 1") == reserve(registry, "run 1") == "v1.0.0"
    assert reserve(registry, "run 2") == "v1.0.1"


def test_what_a_run_recorded_is_read_back(registry: Registry, clock: Clock) -> None:
    name = candidate(registry, "run 1")
    found = registry.version(KB, name)
    assert found.facts == FACTS
    assert (found.state, found.kind, found.parent, found.created_at) == ("candidate", "ingest", None, clock.now)
    assert found.created_at.tzinfo is not None


def test_names_follow_live_and_skip_those_taken(registry: Registry) -> None:
    release_three(registry)
    registry.rollback(KB, "v1.0.0", actor="anna", reason="bad answers")
    assert reserve(registry, "run 4") == "v1.0.3"
    assert reserve(registry, "run 5", bump="minor") == "v1.1.0"
    hotfix = registry.reserve_version(
        KB, "run 6", kind="hotfix", base="v1.0.2", bump="patch", actor="anna", reason="empty fields"
    )
    assert (hotfix.version, hotfix.parent) == ("v1.0.2-hotfix", "v1.0.2")


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_concurrent_runs_never_get_the_same_name(dsn: str, registry: Registry, executor: str) -> None:
    calls = [lambda own, i=i: reserve(own, f"run {i}") for i in range(8)]
    assert outcomes_of(dsn, calls, executor) == ["ok"] * 8
    assert [found.version for found in registry.versions(KB)] == [f"v1.0.{i}" for i in range(8)]


def test_a_hotfix_needs_a_base_and_a_reason(registry: Registry) -> None:
    arguments: dict[str, Any] = {"kind": "hotfix", "bump": "patch", "actor": "anna"}
    with pytest.raises(UsageError, match="needs a base"):
        registry.reserve_version(KB, "run 1", base=None, reason="empty fields", **arguments)
    name = reserve(registry, "run 2")
    with pytest.raises(UsageError, match="reason is required"):
        registry.reserve_version(KB, "run 3", base=name, reason=" ", **arguments)
    with pytest.raises(UsageError, match="has no version"):
        registry.reserve_version(KB, "run 4", base="v7.0.0", reason="empty fields", **arguments)


# Promotion


def test_a_promotion_moves_the_pointer_and_says_who_did_it(registry: Registry, clock: Clock) -> None:
    release_three(registry)
    release = registry.release(KB)
    assert (release.live, release.previous, release.revision) == ("v1.0.2", "v1.0.1", 3)
    last = registry.events(KB)[-1]
    assert (last.kind, last.version_from, last.version_to, last.actor) == ("promoted", "v1.0.1", "v1.0.2", "run 2")
    assert (last.reason, last.decision_hash, last.revision) == ("gates passed", "hash of run 2", 3)
    assert registry.version(KB, "v1.0.2").promoted_at == last.at == clock.now


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_of_20_concurrent_promotions_exactly_one_wins(dsn: str, registry: Registry, executor: str) -> None:
    names = {f"run {i}": candidate(registry, f"run {i}") for i in range(N_CALLERS)}
    calls = [lambda own, key=key, name=name: promote(own, name, key, 0) for key, name in names.items()]
    assert sorted(outcomes_of(dsn, calls, executor)) == ["ConflictError"] * (N_CALLERS - 1) + ["ok"]
    promotions = [found for found in registry.events(KB) if found.kind == "promoted"]
    assert len(promotions) == 1
    release = registry.release(KB)
    assert (release.live, release.previous, release.revision) == (promotions[0].version_to, None, 1)
    assert [found.version for found in registry.versions(KB) if found.state == "promoted"] == [release.live]


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_the_same_run_promoting_several_times_at_once_is_one_promotion(
    dsn: str, registry: Registry, executor: str
) -> None:
    name = candidate(registry, "run 1")
    assert outcomes_of(dsn, [lambda own: promote(own, name, "run 1", 0)] * 8, executor) == ["ok"] * 8
    assert kinds(registry).count("promoted") == 1
    assert registry.release(KB).revision == 1


def test_the_loser_is_told_who_moved_the_release(registry: Registry) -> None:
    first, second = candidate(registry, "run 1"), candidate(registry, "run 2")
    promote(registry, first, "run 1", 0)
    with pytest.raises(
        ConflictError, match=r"from revision 0 to 1 \(run 1 promoted v1\.0\.0 at 2026-11-24 02:00:00 UTC"
    ):
        promote(registry, second, "run 2", 0)


def test_only_a_candidate_with_its_recorded_decision_is_promoted(registry: Registry) -> None:
    building = reserve(registry, "run 1")
    with pytest.raises(UsageError, match="is building"):
        promote(registry, building, "run 1", 0)
    blocked = reserve(registry, "run 2")
    registry.mark_blocked(
        KB, blocked, facts=FACTS, decision_hash="hash of run 2", actor="airflow", reason="recall 0.70"
    )
    with pytest.raises(UsageError, match="is blocked"):
        promote(registry, blocked, "run 2", 0)
    name = candidate(registry, "run 3")
    with pytest.raises(ArtifactError, match="was changed afterwards"):
        promote(registry, name, "another decision", 0)
    with pytest.raises(UsageError, match="no version v9"):
        promote(registry, "v9.9.9", "run 3", 0)
    assert registry.release(KB).live is None


def test_a_promoted_version_never_changes_again(registry: Registry) -> None:
    release_three(registry)
    before = registry.version(KB, "v1.0.2")
    retry = registry.record_candidate(KB, "v1.0.2", facts=FACTS, decision_hash="hash of run 2", actor="airflow")
    assert retry == before
    with pytest.raises(UsageError, match="does not change any more"):
        registry.record_candidate(KB, "v1.0.2", facts=FACTS, decision_hash="other", actor="airflow")
    with pytest.raises(UsageError, match="does not change any more"):
        registry.mark_blocked(KB, "v1.0.2", facts=FACTS, decision_hash="other", actor="airflow", reason="late")


def test_a_blocked_version_whose_run_is_repeated_can_become_a_candidate(registry: Registry) -> None:
    name = reserve(registry, "run 1")
    registry.mark_blocked(KB, name, facts=FACTS, decision_hash="first", actor="airflow", reason="the disk was full")
    assert candidate(registry, "run 1") == name
    assert promote(registry, name, "run 1", 0).live == name
    assert kinds(registry) == ["blocked", "candidate", "promoted"]


# Rolling back


def test_rolling_back_returns_to_previous_and_then_further_back(registry: Registry) -> None:
    release_three(registry)
    release = registry.rollback(KB, None, actor="anna", reason="hallucinations at 8 %")
    assert (release.live, release.previous, release.revision) == ("v1.0.1", "v1.0.0", 4)
    release = registry.rollback(KB, release.previous, actor="anna", reason="still bad")
    assert (release.live, release.previous, release.revision) == ("v1.0.0", None, 5)
    last = registry.events(KB)[-1]
    assert (last.kind, last.version_from, last.version_to) == ("rolled_back", "v1.0.1", "v1.0.0")


def test_a_second_person_who_rolls_back_must_name_the_version(registry: Registry) -> None:
    release_three(registry)
    registry.rollback(KB, None, actor="anna", reason="hallucinations at 8 %")
    wanted = (
        r"rolled back already \(anna rolled back to v1\.0\.1 at 2026-11-24 02:00:00 UTC: hallucinations at 8 %\)\. Live is v1\.0\.1, "
        r".*go further back name a version\. Possible targets: v1\.0\.0, v1\.0\.1, v1\.0\.2\."
    )
    with pytest.raises(UsageError, match=wanted):
        registry.rollback(KB, None, actor="ben", reason="users complain")
    assert registry.release(KB).revision == 4


def test_a_rollback_without_a_former_version_says_so(registry: Registry) -> None:
    promote(registry, candidate(registry, "run 1"), "run 1", 0)
    with pytest.raises(UsageError, match=r"no previous version.*Possible targets: v1\.0\.0\."):
        registry.rollback(KB, None, actor="anna", reason="bad answers")


def test_a_rollback_stands_until_something_is_promoted(registry: Registry) -> None:
    assert registry.standing_rollback(KB) is None
    release_three(registry)
    assert registry.standing_rollback(KB) is None
    registry.rollback(KB, None, actor="anna", reason="bad answers")
    name = candidate(registry, "run 4")
    standing = registry.standing_rollback(KB)
    assert standing is not None
    assert (standing.actor, standing.version_from, standing.version_to) == ("anna", "v1.0.2", "v1.0.1")
    promote(registry, name, "run 4", 4)
    assert registry.standing_rollback(KB) is None


def test_a_run_that_is_started_again_upon_another_version_builds_another_one(registry: Registry) -> None:
    promote(registry, candidate(registry, "run 1"), "run 1", 0)
    assert candidate(registry, "early") == "v1.0.1"
    promote(registry, candidate(registry, "run 3"), "run 3", 1)
    assert registry.release(KB).live == "v1.0.2"
    again = registry.reserve_version(
        KB, "early", kind="ingest", base="v1.0.2", bump="patch", actor="airflow", reason="cleared"
    )
    assert (again.version, again.parent) == ("v1.0.3", "v1.0.2")
    states = {found.version: (found.state, found.parent) for found in registry.versions(KB)}
    assert states["v1.0.1"] == ("collected", "v1.0.0")
    assert registry.events(KB)[-1].reason == "its run was started again on v1.0.2 and builds v1.0.3"
    retried = registry.reserve_version(
        KB, "early", kind="ingest", base="v1.0.2", bump="patch", actor="airflow", reason="cleared"
    )
    assert retried == again


def test_a_rollback_to_a_named_version_can_be_undone_by_name(registry: Registry) -> None:
    release_three(registry)
    registry.rollback(KB, "v1.0.0", actor="anna", reason="bad answers")
    release = registry.rollback(KB, "v1.0.2", actor="anna", reason="it was the network")
    assert (release.live, release.previous) == ("v1.0.2", "v1.0.1")


def test_a_rollback_during_an_ingest_wins(registry: Registry) -> None:
    release_three(registry)
    registry.acquire_lease(KB, "ingest run 4", "ingest", 60)
    name = candidate(registry, "run 4")
    registry.rollback(KB, None, actor="anna", reason="bad answers")
    with pytest.raises(ConflictError, match=r"anna rolled back to v1\.0\.1.*bad answers\).*Live is v1\.0\.1"):
        promote(registry, name, "run 4", 3)
    assert registry.release(KB).live == "v1.0.1"


def test_rolling_back_to_what_is_live_still_stops_a_running_ingest(registry: Registry) -> None:
    release_three(registry)
    name = candidate(registry, "run 4")
    release = registry.rollback(KB, "v1.0.2", actor="anna", reason="freeze")
    assert (release.live, release.previous, release.revision) == ("v1.0.2", "v1.0.1", 4)
    with pytest.raises(ConflictError):
        promote(registry, name, "run 4", 3)


def test_a_retried_promotion_does_not_undo_a_rollback(registry: Registry) -> None:
    release_three(registry)
    registry.rollback(KB, None, actor="anna", reason="bad answers")
    with pytest.raises(ConflictError, match="anna rolled back"):
        promote(registry, "v1.0.2", "run 2", 2)
    with pytest.raises(UsageError, match="roll back to it"):
        promote(registry, "v1.0.2", "run 2", 4)


def test_a_double_click_with_the_expected_revision_rolls_back_once(registry: Registry) -> None:
    release_three(registry)
    registry.rollback(KB, None, actor="anna", reason="bad answers", expected_revision=3)
    with pytest.raises(UsageError, match="anna rolled back to"):
        registry.rollback(KB, None, actor="ben", reason="bad answers", expected_revision=3)
    with pytest.raises(ConflictError, match="anna rolled back to"):
        registry.rollback(KB, "v1.0.0", actor="ben", reason="bad answers", expected_revision=3)
    assert registry.release(KB).live == "v1.0.1"


def test_a_rollback_needs_a_reason_and_a_version_that_was_live(registry: Registry) -> None:
    release_three(registry)
    with pytest.raises(UsageError, match="reason is required"):
        registry.rollback(KB, None, actor="anna", reason="")
    never_live = candidate(registry, "run 4")
    with pytest.raises(UsageError, match="which is candidate"):
        registry.rollback(KB, never_live, actor="anna", reason="try")
    blocked = reserve(registry, "run 5")
    registry.mark_blocked(KB, blocked, facts=FACTS, decision_hash=None, actor="airflow", reason="bad")
    with pytest.raises(UsageError, match="which is blocked"):
        registry.rollback(KB, blocked, actor="anna", reason="try")
    registry.mark_collected(KB, "v1.0.0", actor="airflow", reason="older than the last 5")
    with pytest.raises(UsageError, match=r"which is collected.*Possible targets: v1\.0\.1, v1\.0\.2\."):
        registry.rollback(KB, "v1.0.0", actor="anna", reason="try")
    assert registry.release(KB).revision == 3


def test_what_a_release_names_cannot_be_collected(registry: Registry) -> None:
    release_three(registry)
    for name in ("v1.0.1", "v1.0.2"):
        with pytest.raises(UsageError, match="live, previous or canary"):
            registry.mark_collected(KB, name, actor="airflow", reason="clean-up")
    assert registry.mark_collected(KB, "v1.0.0", actor="airflow", reason="clean-up").state == "collected"
    # A rollback must not make a collected version the next target.
    assert registry.rollback(KB, None, actor="anna", reason="bad answers").previous is None
    with pytest.raises(UsageError, match="nothing can build upon it"):
        reserve(registry, "run 4", base="v1.0.0")
    with pytest.raises(UsageError, match="was collected"):
        reserve(registry, "run 0")


# Leases


def test_a_lease_keeps_everybody_else_out_and_says_who_has_it(registry: Registry, clock: Clock) -> None:
    held = registry.acquire_lease(KB, "run 1", "nightly ingest", 60)
    assert registry.lease(KB) == held
    with pytest.raises(ConflictError, match=r"by run 1 \(nightly ingest\) until 2026-11-24 03:00 UTC"):
        registry.acquire_lease(KB, "run 2", "hotfix", 60)
    registry.acquire_lease("another", "run 2", "hotfix", 60)
    clock.forward(10)
    again = registry.acquire_lease(KB, "run 1", "nightly ingest", 60)
    assert (again.acquired_at, again.expires_at) == (held.acquired_at, clock.now + timedelta(minutes=60))


def test_an_expired_lease_may_be_taken_over_and_its_owner_notices(registry: Registry, clock: Clock) -> None:
    registry.acquire_lease(KB, "run 1", "ingest", 60)
    clock.forward(59)
    assert registry.acquire_lease(KB, "run 1", "ingest", 60).expires_at == clock.now + timedelta(minutes=60)
    clock.forward(60)
    assert registry.lease(KB) is None
    taken = registry.acquire_lease(KB, "run 2", "hotfix", 30)
    assert (taken.owner, taken.acquired_at) == ("run 2", clock.now)
    with pytest.raises(ConflictError, match=r"being worked on by run 2 \(hotfix\)"):
        registry.acquire_lease(KB, "run 1", "ingest", 60)
    assert registry.release_lease(KB, "run 1") is False
    assert registry.lease(KB) == taken
    assert registry.release_lease(KB, "run 2") is True


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_of_several_concurrent_takers_one_gets_the_lease(dsn: str, registry: Registry, executor: str) -> None:
    calls = [lambda own, i=i: own.acquire_lease(KB, f"run {i}", "ingest", 60) for i in range(8)]
    assert sorted(outcomes_of(dsn, calls, executor)) == ["ConflictError"] * 7 + ["ok"]


# What the database itself guarantees


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET actor = 'nobody'",
        "DELETE FROM event",
        "DELETE FROM event WHERE kind = 'promoted'",
    ],
)
def test_the_database_refuses_to_change_history(engine: sa.Engine, registry: Registry, statement: str) -> None:
    release_three(registry)
    before = registry.events(KB)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))
    assert registry.events(KB) == before


def test_the_database_refuses_to_replace_or_truncate_history(engine: sa.Engine, registry: Registry) -> None:
    release_three(registry)
    statement = "TRUNCATE event"
    if engine.dialect.name == "sqlite":
        columns = "id, kb, at, kind, version_from, version_to, 'nobody', reason, decision_hash, revision"
        statement = f"INSERT OR REPLACE INTO event SELECT {columns} FROM event"
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))


def test_the_database_refuses_a_live_version_that_does_not_exist(registry: Registry) -> None:
    release_three(registry)
    unknown = replace(registry.release(KB), live="v9.9.9")
    with pytest.raises(InfrastructureError, match=r"(?i)foreign key"), registry._database.write() as connection:
        move_release(connection, registry.release(KB), unknown)
    assert registry.release(KB).live == "v1.0.2"


# Migrations


def test_the_migrations_make_just_the_tables_that_the_code_declares(engine: sa.Engine, registry: Registry) -> None:
    options = {"version_table": "kbgate_schema_version", "compare_type": True}
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        checks = {check["name"] for check in sa.inspect(connection).get_check_constraints("index_version")}
        assert checks == {"ck_index_version_state", "ck_index_version_kind"}


def test_migrating_again_changes_nothing(registry: Registry) -> None:
    release_three(registry)
    before = (registry.release(KB), registry.versions(KB), registry.events(KB))
    registry.migrate()
    assert (registry.release(KB), registry.versions(KB), registry.events(KB)) == before


def test_several_processes_may_migrate_a_new_database_at_once(dsn: str) -> None:
    assert outcomes_of(dsn, [Registry.migrate] * 8, "processes") == ["ok"] * 8
    with closing(Registry(dsn)) as registry:
        assert reserve(registry, "run 1") == "v1.0.0"


# Crashes


def count_statements(registry: Registry, at: int, then: Callable[[], None]) -> None:
    """Call `then` just before the statement number `at` (0-based) of this registry."""
    seen = iter(range(1_000_000))

    @sa.event.listens_for(registry._database._engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        if next(seen) == at:
            then()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise RuntimeError("crash")


@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_an_exception_between_any_two_statements_leaves_the_old_live_pointer(
    dsn: str, registry: Registry, action: str
) -> None:
    release_three(registry)
    name = candidate(registry, "run 4")
    before = (registry.release(KB), registry.versions(KB), registry.events(KB))
    for at in range(100):
        crashing = Registry(dsn)
        count_statements(crashing, at, fail)
        try:
            if action == "promote":
                promote(crashing, name, "run 4", 3)
            else:
                crashing.rollback(KB, None, actor="anna", reason="bad answers")
        except RuntimeError:
            assert (registry.release(KB), registry.versions(KB), registry.events(KB)) == before
        else:
            break
        finally:
            crashing.close()
    assert at > 5, "the crashes must have covered every statement of the transaction"
    assert registry.release(KB).revision == 4


def test_a_process_killed_between_any_two_statements_leaves_the_old_live_pointer(dsn: str, registry: Registry) -> None:
    release_three(registry)
    name = candidate(registry, "run 4")
    before = (registry.release(KB), registry.versions(KB), registry.events(KB))

    def promote_until_killed(at: int) -> None:
        doomed = Registry(dsn)
        count_statements(doomed, at, die)
        promote(doomed, name, "run 4", 3)

    for at in range(100):
        worker = FORK.Process(target=promote_until_killed, args=(at,))
        worker.start()
        worker.join()
        if worker.exitcode == 0:
            break
        assert worker.exitcode == -signal.SIGKILL
        assert (registry.release(KB), registry.versions(KB), registry.events(KB)) == before
    assert at > 5, "the kills must have covered every statement of the transaction"
    assert registry.release(KB).live == name
