"""Names of index versions: `v1.2.1`, and `v1.2.1-hotfix`, `v1.2.1-hotfix.2` for repairs of it."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from kbgate.errors import UsageError

Bump = Literal["first", "minor", "patch"]

_PATTERN = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-hotfix(?:\.([2-9]|[1-9]\d+))?)?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class VersionName:
    """A parsed name. Unlike semantic versioning, a hotfix follows its base: v1.2.1 < v1.2.1-hotfix < v1.2.2.

    `hotfix` is 0 for none, 1 for `-hotfix`, n for `-hotfix.n`.
    """

    major: int
    minor: int
    patch: int
    hotfix: int = 0

    @classmethod
    def parse(cls, text: str) -> "VersionName":
        """Read a name.

        Raises:
            UsageError: it is not one.
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise UsageError(
                f"{text!r} is not a version name. Wanted: v1.2.1, v1.2.1-hotfix or v1.2.1-hotfix.2. "
                "`kbgate versions` (with --kb) lists the names there are."
            )
        major, minor, patch, number = match.groups()
        hotfix = int(number) if number else int("-hotfix" in text)
        return cls(int(major), int(minor), int(patch), hotfix)

    def __str__(self) -> str:
        suffix = "" if self.hotfix == 0 else "-hotfix" if self.hotfix == 1 else f"-hotfix.{self.hotfix}"
        return f"v{self.major}.{self.minor}.{self.patch}{suffix}"


FIRST = VersionName(1, 0, 0)


def next_version_name(live: str | None, bump: Bump, taken: Collection[str]) -> str:
    """Return the first free name after `live`: the next patch (new batch) or minor (the index fingerprint changed).

    Without a live version it is v1.0.0, or the next patch that no earlier attempt took. What follows a hotfix is the
    next patch.

    Raises:
        UsageError: `live` is not a version name.
    """
    name = FIRST if live is None or bump == "first" else _bumped(VersionName.parse(live), bump)
    while str(name) in taken:
        name = _bumped(name, "patch" if live is None else bump)
    return str(name)


def next_hotfix_name(base: str, taken: Collection[str]) -> str:
    """Return the first free hotfix name of `base`; a hotfix of a hotfix counts on.

    Raises:
        UsageError: `base` is not a version name.
    """
    name = VersionName.parse(base)
    name = replace(name, hotfix=name.hotfix + 1)
    while str(name) in taken:
        name = replace(name, hotfix=name.hotfix + 1)
    return str(name)


def _bumped(name: VersionName, bump: Bump) -> VersionName:
    if bump == "minor":
        return VersionName(name.major, name.minor + 1, 0)
    return VersionName(name.major, name.minor, name.patch + 1)
