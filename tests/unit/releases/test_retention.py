from datetime import UTC, datetime, timedelta
from typing import Any

from kbgate.releases.retention import collectable
from kbgate.releases.tables import IndexVersion, Release

START = datetime(2026, 11, 1, tzinfo=UTC)


def version(name: str, day: int, state: Any = "promoted", **options: Any) -> IndexVersion:
    at = START + timedelta(days=day)
    arguments = {"kind": "ingest", "parent": None, "promoted_at": at if state == "promoted" else None} | options
    return IndexVersion(
        kb="kb", version=name, run_key=name, state=state, actor="airflow", reason="", created_at=at, **arguments
    )


def test_the_last_promoted_versions_stay_and_older_ones_go() -> None:
    versions = [version(f"v1.0.{i}", day=i) for i in range(12)]
    release = Release("kb", live="v1.0.11", previous="v1.0.10")
    assert collectable(versions, release, keep=3) == [f"v1.0.{i}" for i in range(9)]


def test_live_previous_and_canary_stay_however_old_they_are() -> None:
    versions = [version(f"v1.0.{i}", day=i) for i in range(10)]
    release = Release("kb", live="v1.0.0", previous="v1.0.1", canary="v1.0.2")
    assert collectable(versions, release, keep=1) == [f"v1.0.{i}" for i in range(3, 9)]


def test_a_version_that_was_rolled_back_to_lately_counts_as_promoted_lately() -> None:
    versions = [version("v1.0.0", 0, promoted_at=START + timedelta(days=9)), version("v1.0.1", 1), version("v1.0.2", 2)]
    assert collectable(versions, Release("kb", live="v1.0.2"), keep=1) == ["v1.0.1"]


def test_what_a_served_hotfix_repairs_stays() -> None:
    versions = [version("v1.0.0", 0), version("v1.0.0-hotfix", 9, kind="hotfix", parent="v1.0.0"), version("v1.0.1", 5)]
    assert collectable(versions, Release("kb", live="v1.0.0-hotfix"), keep=1) == ["v1.0.1"]


def test_of_the_versions_that_were_never_live_the_newest_stay() -> None:
    states = ["blocked", "candidate", "building", "blocked", "building"]
    versions = [version("v1.0.0", 0)] + [version(f"v1.0.{i}", i, state) for i, state in enumerate(states, start=1)]
    assert collectable(versions, Release("kb", live="v1.0.0"), keep=2) == ["v1.0.1", "v1.0.2", "v1.0.3"]


def test_what_is_collected_is_not_collected_again() -> None:
    versions = [version("v1.0.0", 0, "collected"), version("v1.0.1", 1)]
    assert collectable(versions, Release("kb", live="v1.0.1"), keep=1) == []
