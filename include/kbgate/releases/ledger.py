"""The ledger of a version: one row a document; and the plan that turns live's ledger into the candidate's."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kbgate.errors import ArtifactError, SourceError
from kbgate.quality.id_places import id_places

LEDGER_COLUMNS = (
    "doc_id",
    "content_hash",
    "text_hash",
    "title",
    "source_uri",
    "updated_at",
    "lang",
    "n_chars",
    "n_tokens",
    "n_chunks",
    "run_key",
)
CHUNKING_COLUMNS = ["n_tokens", "n_chunks"]


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What a batch does to the live version; every list holds document ids, sorted.

    `kept` are live's documents that stay as they are in live because nobody knows what was delivered of them: their new row
    was quarantined, or they are missing in a snapshot that has rows without a readable id. With `rechunk_all` (another model
    or other chunk settings) the unchanged and kept ones are cut and embedded again as well.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...]
    rechunk_all: bool
    warnings: tuple[str, ...] = ()

    @property
    def to_chunk(self) -> tuple[str, ...]:
        """The documents that must be cut and embedded, sorted."""
        again = self.unchanged + self.kept if self.rechunk_all else ()
        return tuple(sorted(self.added + self.changed + again))

    @property
    def to_replace(self) -> tuple[str, ...]:
        """The documents whose chunks in live must not be in the candidate, sorted; with `rechunk_all` all of live's."""
        again = self.unchanged + self.kept if self.rechunk_all else ()
        return tuple(sorted(self.changed + self.removed + again))


def plan_changes(
    live: pd.DataFrame | None,
    batch: pd.DataFrame,
    quarantined: "Collection[str] | pd.Series[str]",
    mode: Literal["snapshot", "delta"],
    deletions: Sequence[str],
    rechunk_all: bool,
    n_unidentified: int = 0,
) -> ChangePlan:
    """Compare a batch (columns doc_id and content_hash) with live's ledger, by content hash.

    A snapshot lists every document: what it leaves out is removed, unless `n_unidentified` of its rows could not be read far
    enough to tell their ids: each missing document may be one of these, so all stay. A delta removes only `deletions`; ids
    that live does not have are a warning. A document in `quarantined` is never taken from the batch, not even if another row
    of the batch has its id, because nobody knows which of the two is right.

    Raises:
        SourceError: a document occurs twice in the batch, is both deleted and delivered, or a snapshot lists deletions.
        ArtifactError: a document occurs twice in live's ledger.
    """
    delivered = _hashes(batch, "The batch", SourceError)
    held = _hashes(delivered[:0] if live is None else live, "The ledger of live", ArtifactError)
    check_deletions(mode, deletions, delivered["doc_id"], quarantined)
    clean = delivered[~_among(delivered["doc_id"], quarantined)]
    rejected = _among(held["doc_id"], quarantined)
    places = id_places(held["doc_id"], clean["doc_id"])
    missing = (places < 0) & ~rejected
    unseen = missing & (mode == "snapshot" and n_unidentified > 0)
    gone = _among(held["doc_id"], deletions) if mode == "delta" else missing & ~unseen
    changed = places >= 0
    changed[changed] = _differ(held["content_hash"][changed], clean["content_hash"].iloc[places[changed]])
    unknown = sorted(pd.Series(deletions, dtype="str")[~_among(deletions, held["doc_id"])].unique())
    return ChangePlan(
        added=_sorted_ids(clean, ~_among(clean["doc_id"], held["doc_id"])),
        changed=_sorted_ids(held, changed),
        removed=_sorted_ids(held, gone),
        unchanged=_sorted_ids(held, ~gone & ~changed & ~rejected & ~unseen),
        kept=_sorted_ids(held, rejected | unseen),
        rechunk_all=rechunk_all,
        warnings=tuple(_warnings(unknown, int(unseen.sum()), n_unidentified)),
    )


def apply_plan(live: pd.DataFrame | None, plan: ChangePlan, fresh: pd.DataFrame) -> pd.DataFrame:
    """Return the candidate's ledger: `fresh` rows for `plan.to_chunk`, live's for the others, ordered by doc_id.

    Of a document that was only cut again, just n_tokens and n_chunks are fresh: its text still lies in the run that
    live's row names.

    Raises:
        ArtifactError: `fresh` lacks columns, or its documents are not just those of `plan.to_chunk`.
    """
    fresh = _ledger(fresh, "The rows of this run")
    found, wanted = set(fresh["doc_id"]), set(plan.to_chunk)
    if found != wanted or len(fresh) != len(wanted):
        raise ArtifactError(
            f"The rows of this run are not those of its plan: missing {_some(wanted - found)}, "
            f"not planned {_some(found - wanted)}. Run the chunk task again."
        )
    if live is None:
        return fresh
    live = _ledger(live, "The ledger of live")
    stays = live[live["doc_id"].isin(plan.unchanged + plan.kept)]
    if plan.rechunk_all:
        stays = stays.drop(columns=CHUNKING_COLUMNS).merge(fresh[["doc_id", *CHUNKING_COLUMNS]], on="doc_id")
    new = fresh[fresh["doc_id"].isin(plan.added + plan.changed)]
    parts = [part for part in (stays, new) if len(part)]
    return _ledger(pd.concat(parts) if parts else fresh, "The candidate's ledger")


def ledger_hash(ledger: pd.DataFrame) -> str:
    """SHA-256 (hex) of the ledger's rows in order of doc_id, whatever file format or row order they came in.

    Raises:
        ArtifactError: a column is missing.
    """
    rows = _ledger(ledger, "The ledger").to_json(orient="values", force_ascii=False)
    return hashlib.sha256(rows.encode()).hexdigest()


def _ledger(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    missing = [column for column in LEDGER_COLUMNS if column not in frame.columns]
    if missing:
        raise ArtifactError(f"{name} lacks the columns {', '.join(missing)}. Wanted: {', '.join(LEDGER_COLUMNS)}.")
    return frame[list(LEDGER_COLUMNS)].sort_values("doc_id", ignore_index=True)


def _hashes(frame: pd.DataFrame, name: str, error: type[ArtifactError] | type[SourceError]) -> pd.DataFrame:
    doubled = set(frame.loc[frame["doc_id"].duplicated(), "doc_id"])
    if doubled:
        raise error(f"{name} has several rows for {_some(doubled)}. Wanted: one row a document.")
    return frame[["doc_id", "content_hash"]]


def _among(ids: "Collection[str] | pd.Series[str]", known: "Collection[str] | pd.Series[str]") -> NDArray[np.bool_]:
    return np.asarray(id_places(ids, known) >= 0)


def _differ(ours: "pd.Series[str]", theirs: "pd.Series[str]") -> NDArray[np.bool_]:
    return np.asarray(ours.array != theirs.array, dtype=bool)


def _sorted_ids(rows: pd.DataFrame, chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(sorted(rows.loc[chosen, "doc_id"]))


def _warnings(unknown: Collection[str], n_unseen: int, n_unidentified: int) -> Iterator[str]:
    """What a person should know of a plan beside its numbers."""
    if unknown:
        yield f"Live has no document {_some(unknown)} that was to be deleted."
    if n_unseen:
        yield (
            f"{n_unseen} missing in the snapshot not removed: {n_unidentified} of its rows without a readable id may be "
            f"{'it' if n_unseen == 1 else 'among them'}."
        )


def check_deletions(
    mode: str,
    deletions: Sequence[str],
    delivered: "Collection[str] | pd.Series[str]",
    quarantined: "Collection[str] | pd.Series[str]" = (),
) -> None:
    """Refuse deletions that contradict the batch.

    Raises:
        SourceError: a document is both deleted and delivered, or a snapshot lists deletions.
    """
    if mode == "snapshot" and deletions:
        raise SourceError(
            f"The snapshot comes with deletions ({_some(deletions)}). In a snapshot a document is removed by leaving it "
            "out; set source.mode to delta if this is a delta."
        )
    both = set(pd.Series(deletions, dtype="str")[_among(deletions, delivered) | _among(deletions, quarantined)])
    if both:
        raise SourceError(
            f"The delta both deletes and delivers {_some(both)}. Take the id off one of the two lists and deliver again."
        )


def _some(doc_ids: Collection[str], shown: int = 5) -> str:
    """The first few ids, for a message."""
    first = ", ".join(sorted(doc_ids)[:shown]) or "none"
    return first if len(doc_ids) <= shown else f"{first} and {len(doc_ids) - shown} more"
