"""What differs between two versions: documents, settings, profile and recall."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from kbgate.releases.tables import IndexVersion


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """From `old` to `new`. Document lists hold ids, sorted.

    `settings`, `counts`, `profile` and `recall` give (old, new) for what differs, keyed by dotted name; None where one
    side has no such value.
    """

    kb: str
    old: str
    new: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    n_unchanged: int
    settings: dict[str, tuple[Any, Any]]
    counts: dict[str, tuple[int | None, int | None]]
    profile: dict[str, tuple[float | None, float | None]]
    recall: tuple[float | None, float | None]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        return asdict(self)


def diff_versions(
    old: IndexVersion,
    new: IndexVersion,
    old_ledger: pd.DataFrame,
    new_ledger: pd.DataFrame,
    old_profile: Mapping[str, Any] | None = None,
    new_profile: Mapping[str, Any] | None = None,
) -> VersionDiff:
    """Compare two versions by their registry rows, their ledgers (doc_id, content_hash) and, if given, their profiles.

    Of the profiles, which may be nested, only numbers are compared.
    """
    before = dict(zip(old_ledger["doc_id"].tolist(), old_ledger["content_hash"].tolist(), strict=True))
    after = dict(zip(new_ledger["doc_id"].tolist(), new_ledger["content_hash"].tolist(), strict=True))
    both = before.keys() & after.keys()
    changed = {doc_id for doc_id in both if before[doc_id] != after[doc_id]}
    counts = ("n_documents", "n_chunks")
    return VersionDiff(
        kb=new.kb,
        old=old.version,
        new=new.version,
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(sorted(changed)),
        removed=tuple(sorted(before.keys() - after.keys())),
        n_unchanged=len(both) - len(changed),
        settings=_differences(_flat(old.facts.settings), _flat(new.facts.settings)),
        counts=_differences(
            {name: getattr(old.facts, name) for name in counts}, {name: getattr(new.facts, name) for name in counts}
        ),
        profile=_differences(_numbers(_flat(old_profile)), _numbers(_flat(new_profile))),
        recall=(old.facts.recall, new.facts.recall),
    )


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = sorted(old.keys() | new.keys())
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _flat(value: Mapping[str, Any] | None, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keyed `outer.inner`."""
    flat: dict[str, Any] = {}
    for name, inner in (value or {}).items():
        if isinstance(inner, Mapping):
            flat |= _flat(inner, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = inner
    return flat


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {k: v for k, v in values.items() if isinstance(v, int | float) and not isinstance(v, bool)}
