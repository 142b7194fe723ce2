"""The registry's core rules on SQLite; tests/contract/test_registry.py has them all, on both databases and at the same time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kbgate.errors import ArtifactError, ConflictError, UsageError
from kbgate.releases.registry import Registry
from kbgate.releases.tables import Release, VersionFacts

KB = "helpdesk"
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{tmp_path}/registry.db", lambda: NOW)
    registry.migrate()
    yield registry
    registry.close()


def candidate(registry: Registry, run_key: str) -> str:
    """A version that every gate let pass, built upon what is live."""
    live = registry.release(KB).live
    reserved = registry.reserve_version(
        KB, run_key, kind="ingest", base=live, bump="patch", actor="airflow", reason="nightly"
    )
    return registry.record_candidate(
        KB, reserved.version, facts=VersionFacts(n_documents=3), decision_hash=run_key, actor="airflow"
    ).version


def promote(registry: Registry, version: str, run_key: str, revision: int) -> Release:
    return registry.promote(
        KB, version, expected_revision=revision, decision_hash=run_key, actor=f"actor of {run_key}", reason="passed"
    )


def released(registry: Registry, n: int) -> list[str]:
    """Versions that went live one after the other."""
    names = []
    for revision in range(n):
        names.append(candidate(registry, f"run {revision}"))
        promote(registry, names[-1], f"run {revision}", revision)
    return names


def test_of_two_candidates_of_one_revision_only_the_first_goes_live(registry: Registry) -> None:
    first, second = candidate(registry, "a"), candidate(registry, "b")
    assert promote(registry, first, "a", 0) == Release(KB, live=first, revision=1)
    with pytest.raises(ConflictError, match=r"from revision 0 to 1.*actor of a"):
        promote(registry, second, "b", 0)
    assert registry.release(KB).live == first
    assert registry.version(KB, second).state == "candidate"


def test_a_decision_that_was_changed_afterwards_promotes_nothing(registry: Registry) -> None:
    name = candidate(registry, "a")
    with pytest.raises(ArtifactError, match="changed afterwards"):
        promote(registry, name, "not the one recorded", 0)
    assert registry.release(KB) == Release(KB)


def test_a_retried_promotion_changes_nothing_and_writes_no_second_event(registry: Registry) -> None:
    name = candidate(registry, "a")
    first = promote(registry, name, "a", 0)
    events = registry.events(KB)
    assert promote(registry, name, "a", 0) == first
    assert registry.events(KB) == events


def test_a_rollback_returns_to_previous_and_stops_the_ingest_under_way(registry: Registry) -> None:
    first, second = released(registry, 2)
    under_way = candidate(registry, "under way")
    assert registry.rollback(KB, None, actor="ada", reason="users complain") == Release(KB, live=first, revision=3)
    with pytest.raises(ConflictError, match="ada"):
        promote(registry, under_way, "under way", 2)
    assert registry.release(KB).live == first
    assert registry.version(KB, second).state == "promoted"


@pytest.mark.parametrize(
    ("target", "reason", "wanted"),
    [(None, "x", "no previous version"), ("v1.0.1", "x", "candidate"), (None, " ", "reason")],
)
def test_a_rollback_needs_a_reason_and_a_version_that_was_live(
    registry: Registry, target: str | None, reason: str, wanted: str
) -> None:
    (live,) = released(registry, 1)
    assert candidate(registry, "never live") == "v1.0.1"
    with pytest.raises(UsageError, match=wanted):
        registry.rollback(KB, target, actor="ada", reason=reason)
    assert registry.release(KB) == Release(KB, live=live, revision=1)


def test_every_move_is_an_event_with_who_why_when_from_and_to(registry: Registry) -> None:
    first, second = released(registry, 2)
    registry.rollback(KB, first, actor="ada", reason="users complain")
    events = registry.events(KB)
    assert [event.kind for event in events] == ["candidate", "promoted", "candidate", "promoted", "rolled_back"]
    assert [event.revision for event in events] == [0, 1, 1, 2, 3]
    last = events[-1]
    assert (last.version_from, last.version_to) == (second, first)
    assert (last.actor, last.reason, last.at) == ("ada", "users complain", NOW)
