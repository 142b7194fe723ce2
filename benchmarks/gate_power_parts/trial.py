"""One trial: a batch with a fault, or a clean one, through the whole pipeline, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from gate_power_parts.fault_kinds import FaultKind
from gate_power_parts.knowledge_base import FLOOR, Ended, KnowledgeBase
from gate_power_parts.natural_changes import clean_ingest
from gate_power_parts.spoilt_batch import Unit, spoilt_batch

CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What came of one ingest.

    `right`: held by a gate that is there for this fault, named in the reasons. `aside`: promoted (or nothing left to do) with
    every spoilt document quarantined, so that none reached the index. `bad`: the overall recall of the candidate, promoted or
    held, is truly below the floor; `bad_intent`: the same for a key intent.
    """

    fault: str
    collection: str
    severity: float
    outcome: str
    held: bool
    right: bool
    aside: bool
    bad: bool
    bad_intent: bool
    found: tuple[str, ...]
    message: str


def try_fault(
    kind: FaultKind, kb: KnowledgeBase, possible: Sequence[Unit], severity: float, seed: str
) -> TrialResult | None:
    """Ingest a batch with the fault; None if the ingest that has to come before it was held."""
    batch = spoilt_batch(kind, kb.collection, possible, severity, Random(f"{seed} {kind.name} {severity}"))
    tamper = dict([kind.tamper]) if kind.tamper else None
    ended = kb.ingest(batch.documents, earlier=batch.earlier, overrides=kind.overrides, tamper=tamper)
    if ended is None:
        return None
    aside = not ended.held and bool(batch.spoilt) and batch.spoilt <= ended.quarantined
    return _result(kind.name, kb, severity, ended, right=_right(kind, ended), aside=aside)


def try_clean(kb: KnowledgeBase, seed: str) -> TrialResult:
    """Ingest an innocent delta."""
    ended = kb.ingest(clean_ingest(kb.collection, Random(f"{seed} {kb.collection.name}")))
    assert ended is not None, "nothing was ingested before"
    return _result(CLEAN, kb, 0.0, ended, right=False, aside=False)


def _right(kind: FaultKind, ended: Ended) -> bool:
    pairs = [found.split(":", 1) for found in ended.found]
    return ended.held and any(
        gate in kind.right and measured.startswith(kind.right[gate] or ("",)) for gate, measured in pairs
    )


def _result(fault: str, kb: KnowledgeBase, severity: float, ended: Ended, *, right: bool, aside: bool) -> TrialResult:
    return TrialResult(
        fault=fault,
        collection=kb.collection.name,
        severity=severity,
        outcome=ended.outcome,
        held=ended.held,
        right=right,
        aside=aside,
        bad=ended.true_recall is not None and ended.true_recall < FLOOR,
        bad_intent=ended.worst_intent is not None and ended.worst_intent < FLOOR,
        found=ended.found,
        message=ended.message,
    )
