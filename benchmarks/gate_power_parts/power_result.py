"""All that the bench measured, as it is written to JSON and drawn."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gate_power_parts.fault_kinds import FaultKind
from gate_power_parts.power import CAUGHT_SHARE, Cell, by_collection, catching_gates, smallest_caught
from gate_power_parts.trial import TrialResult

TARGET_SEVERITY = 0.08
TARGET_FALSE_BLOCKS = 0.02
EXAMPLES = 3

Result = dict[str, Any]


def power_result(
    *,
    seed: int,
    inputs: str,
    collections: Sequence[Mapping[str, Any]],
    faults: Sequence[tuple[FaultKind, Sequence[Cell]]],
    clean: Sequence[TrialResult],
    complete: bool,
) -> Result:
    """Sum up; `inputs` is the hash of what was measured, `complete` is False for a part of the bench or a quick form."""
    trials = [trial for _, cells in faults for cell in cells for trial in cell.trials]
    promoted = [trial for trial in [*trials, *clean] if trial.outcome == "promoted"]
    return {
        "schema_version": 1,
        "complete": complete,
        "seed": seed,
        "inputs_sha256": inputs,
        "caught_share": CAUGHT_SHARE,
        "target_severity": TARGET_SEVERITY,
        "collections": [dict(one) for one in collections],
        "n_trials": len(trials),
        "faults": [_fault(kind, cells) for kind, cells in faults],
        "clean": _clean(clean),
        "bad_promotions": {
            "n_promoted": len(promoted),
            "overall": sum(trial.bad for trial in promoted),
            "key_intent": sum(trial.bad_intent for trial in promoted),
            "examples": _examples(trial for trial in promoted if trial.bad or trial.bad_intent),
        },
    }


def _fault(kind: FaultKind, cells: Sequence[Cell]) -> Result:
    trials = [trial for cell in cells for trial in cell.trials]
    held = [trial for trial in trials if trial.held]
    return {
        "name": kind.name,
        "right_gates": list(kind.right),
        "of": kind.of,
        "smallest_caught": smallest_caught(cells),
        "missed_at_target": [cell.severity for cell in cells if cell.severity >= TARGET_SEVERITY and not cell.caught],
        "gates": dict(catching_gates(trials)),
        "measurements": dict(Counter(found for trial in held for found in trial.found).most_common(8)),
        "cells": [_cell(cell) for cell in cells],
        "example": next((trial.message for trial in held if trial.right and trial.message), ""),
    }


def _cell(cell: Cell) -> Result:
    return {
        "severity": cell.severity,
        "n": len(cell.trials),
        "caught": cell.n_caught,
        "held": sum(trial.held for trial in cell.trials),
        "set_aside": sum(trial.aside for trial in cell.trials),
        "held_by_another_gate": sum(trial.held and not trial.right for trial in cell.trials),
        "by_collection": {name: list(counts) for name, counts in by_collection(cell.trials).items()},
    }


def _clean(trials: Sequence[TrialResult]) -> Result:
    from statsmodels.stats.proportion import proportion_confint

    n, blocked = len(trials), [trial for trial in trials if trial.held and not _held_rightly(trial)]
    low, high = proportion_confint(len(blocked), n, method="wilson") if n else (0.0, 1.0)
    counts = {name: [0, 0] for name in sorted({trial.collection for trial in trials})}
    for trial in trials:
        counts[trial.collection][0] += trial.held and not _held_rightly(trial)
        counts[trial.collection][1] += 1
    return {
        "n": n,
        "false_blocks": len(blocked),
        "held_rightly": sum(map(_held_rightly, trials)),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "by_collection": counts,
        "measurements": dict(Counter(found for trial in blocked for found in trial.found).most_common()),
        "examples": _examples(blocked),
    }


def _held_rightly(trial: TrialResult) -> bool:
    """Whether recall alone held it, and exact search says too that it fell below the floor: innocent edits can do that."""
    below = trial.bad or trial.bad_intent
    return trial.held and below and all(found.startswith("recall:") for found in trial.found)


def _examples(trials: Iterable[TrialResult]) -> list[str]:
    return [f"{t.collection}, {t.fault} {t.severity:g}: {t.message or t.outcome}" for t in trials][:EXAMPLES]
