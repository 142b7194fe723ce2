"""What every store refuses, in the same words: bad names, versions that exist already, do not exist or are protected."""

import re
from collections.abc import Collection

from kbgate.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


def check_name(name: str, what: str) -> str:
    """Return `name` if it is safe as a folder, table or lock name on every backend.

    Raises:
        UsageError: it is not 1 to 64 letters, digits, dots, underscores or hyphens between two letters or digits.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        raise UsageError(
            f"{name!r} cannot be the name of a {what}: use 1 to 64 letters, digits, '.', '_' or '-', "
            "beginning and ending with a letter or digit, such as v1.2.1-hotfix.2."
        )
    return name


def check_new(version: str, parent: str | None, finished: Collection[str]) -> None:
    """Accept a build of `version` from `parent`.

    Raises:
        UsageError: `version` is finished already or badly named, or `parent` is not a finished version.
    """
    check_name(version, "version")
    if version in finished:
        raise UsageError(
            f"Version {version} is in the store already and versions never change; build under a new name."
        )
    if parent is not None:
        check_known(parent, finished)


def check_known(version: str, finished: Collection[str]) -> None:
    """Accept a finished version.

    Raises:
        UsageError: the store does not hold it; the message lists what it holds.
    """
    if version not in finished:
        held = ", ".join(sorted(finished)) or "none"
        raise UsageError(f"Version {version!r} is not in the store. Finished versions: {held}.")


def check_droppable(version: str, protected: Collection[str]) -> None:
    """Accept a version that no release names.

    Raises:
        UsageError: it is protected.
    """
    if version in protected:
        raise UsageError(f"Version {version} is named by a release (live, previous or canary) and cannot be dropped.")


def check_dimension(dimension: int, parent: str, parent_dimension: int) -> None:
    """Accept a parent whose vectors can stand beside the new ones.

    Raises:
        UsageError: the dimensions differ, as after a change of model.
    """
    if dimension != parent_dimension:
        raise UsageError(
            f"The new vectors have {dimension} dimensions, those of the parent {parent} have {parent_dimension}. "
            "Another model needs a full build: leave the parent out."
        )
