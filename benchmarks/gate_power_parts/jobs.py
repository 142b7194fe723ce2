"""The pieces of work that the bench's processes do; arguments and results travel between processes."""

import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from gate_power_parts.collection import Collection
from gate_power_parts.fault_kinds import FAULT_KINDS, FaultKind
from gate_power_parts.knowledge_base import KnowledgeBase, first_ingest
from gate_power_parts.power import Cell, measure_fault
from gate_power_parts.spoilt_batch import Unit, units
from gate_power_parts.trial import TrialResult, try_clean, try_fault


def begin_process() -> None:
    """Keep a process quiet, offline and on one core."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def prepare(collection: Collection, folder: str, cache: str) -> KnowledgeBase:
    """Make a collection live."""
    return first_ingest(collection, Path(folder) / collection.name, Path(cache))


def run_fault(
    name: str, kbs: Sequence[KnowledgeBase], seed: int, trials: dict[float, int], at_most: int | None
) -> list[Cell]:
    """Measure one fault over the collections that can have it; `trials` maps a severity to its number of trials.

    Severities that `trials` does not name take the number of the largest cell; `at_most` bounds the number of severities.
    """
    kind = next(kind for kind in FAULT_KINDS if kind.name == name)
    fit = [kb for kb in kbs if kb.collection.queries and (kb.collection.embedder == "real" or not kind.by_meaning)]
    possible = {kb.collection.name: _possible(kind, kb) for kb in fit}
    able = {kb.collection.name: kb for kb in fit if possible[kb.collection.name]}

    if not able:
        return []

    def attempt(collection: str, severity: float, number: int) -> TrialResult | None:
        return try_fault(kind, able[collection], possible[collection], severity, f"{seed} {number}")

    most = max(trials.values())
    severities = kind.severities[:at_most]
    return list(measure_fault(severities, lambda severity: trials.get(severity, most), sorted(able), attempt))


def _possible(kind: FaultKind, kb: KnowledgeBase) -> list[Unit]:
    """What the fault can do to a knowledge base; a document of one chunk has none to lose or to overlap with."""
    found = units(kind, kb.collection)
    if kind.tamper and kind.tamper[0] == "check_chunks":
        return [unit for unit in found if unit.doc_id in kb.long_documents]
    return found


def run_clean(kb: KnowledgeBase, seed: int, first: int, n: int) -> list[TrialResult]:
    """Ingest `n` innocent deltas, each into a fresh copy."""
    return [try_clean(kb, f"{seed} {number}") for number in range(first, first + n)]
