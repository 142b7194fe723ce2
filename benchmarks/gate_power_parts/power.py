"""How widely a fault has to be spread before it is caught: trials of one fault, from the widest spread to the narrowest."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gate_power_parts.trial import TrialResult

CAUGHT_SHARE = 0.95
ENOUGH_ON_EACH = 2
"""Trials that each collection gets even in a cell that is lost already, so that the table can say where it was lost."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The trials of one fault at one severity over all collections."""

    severity: float
    trials: tuple[TrialResult, ...]

    @property
    def n_caught(self) -> int:
        """Trials that a right gate held and named, or whose every spoilt document was set aside."""
        return sum(trial.right or trial.aside for trial in self.trials)

    @property
    def caught(self) -> bool:
        """Whether at least 95 % of the trials were caught."""
        return bool(self.trials) and self.n_caught >= CAUGHT_SHARE * len(self.trials)


def misses_allowed(n_trials: int) -> int:
    """Largest number of misses with which 95 % of `n_trials` are still caught."""
    return int(n_trials * (1 - CAUGHT_SHARE) + 1e-9)


def measure_fault(
    severities: Sequence[float],
    n_trials: Callable[[float], int],
    collections: Sequence[str],
    attempt: Callable[[str, float, int], TrialResult | None],
) -> Iterator[Cell]:
    """Yield a cell a severity, largest first; `attempt(collection, severity, number)` does one trial.

    Trials go round the collections. A cell ends early once it has more misses than 95 % allow, which no further trial could
    mend, so stopping does not change what it says. Below a severity that was caught in less than half of the trials none is
    tried: a narrower spread of the same fault is not easier to see.
    """
    for severity in severities:
        trials: list[TrialResult] = []
        misses = 0
        for number in range(n_trials(severity)):
            if misses > misses_allowed(n_trials(severity)) and number >= ENOUGH_ON_EACH * len(collections):
                break
            result = attempt(collections[number % len(collections)], severity, number // len(collections))
            if result is not None:
                trials.append(result)
                misses += not (result.right or result.aside)
        cell = Cell(severity, tuple(trials))
        yield cell
        if cell.n_caught < len(trials) / 2:
            return


def smallest_caught(cells: Sequence[Cell]) -> float | None:
    """Smallest severity that is caught and above which every one tried is caught too; None if the largest one is not."""
    smallest = None
    for cell in sorted(cells, key=lambda cell: -cell.severity):
        if not cell.caught:
            break
        smallest = cell.severity
    return smallest


def catching_gates(trials: Sequence[TrialResult]) -> Mapping[str, int]:
    """Number of held trials that each gate held, most first."""
    gates: Counter[str] = Counter()
    for trial in trials:
        gates.update({found.split(":", 1)[0] for found in trial.found} if trial.held else ())
    return dict(gates.most_common())


def by_collection(trials: Sequence[TrialResult]) -> Mapping[str, tuple[int, int]]:
    """(caught, tried) of each collection."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for trial in trials:
        counts[trial.collection][0] += trial.right or trial.aside
        counts[trial.collection][1] += 1
    return {name: (caught, tried) for name, (caught, tried) in sorted(counts.items())}
