"""One section of a run's report, the same shape for every gate."""

from dataclasses import dataclass

from kbgate.results import GateResult
from kbgate.web.figures.figure import Figure

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption; `folded` hides them until the reader asks."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """What one part of the pipeline found; `id` is its anchor in the page.

    `gate` is None where the part is no gate or left no result; `notes` are sentences.
    """

    id: str
    title: str
    gate: GateResult | None = None
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
