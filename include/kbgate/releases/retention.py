"""Which versions' data may be deleted."""

from collections.abc import Sequence

from kbgate.releases.tables import IndexVersion, Release
from kbgate.releases.version_names import VersionName


def collectable(versions: Sequence[IndexVersion], release: Release, keep: int) -> list[str]:
    """Return the names of the versions whose data may go, oldest name first.

    Kept are live, previous and canary, what each of them is a hotfix of, the `keep` versions that were live last, and the
    `keep` newest that never were (blocked, candidate, or still building), so that a person can look into them.
    """
    named = {release.live, release.previous, release.canary}
    kept = named | {found.parent for found in versions if found.version in named and found.kind == "hotfix"}
    stored = [found for found in versions if found.state != "collected"]
    promoted = sorted(
        (found for found in stored if found.promoted_at is not None),
        key=lambda found: (found.promoted_at, VersionName.parse(found.version)),
        reverse=True,
    )
    others = sorted(
        (found for found in stored if found.promoted_at is None),
        key=lambda found: (found.created_at, VersionName.parse(found.version)),
        reverse=True,
    )
    kept |= {found.version for found in promoted[:keep] + others[:keep]}
    return sorted((found.version for found in stored if found.version not in kept), key=VersionName.parse)
