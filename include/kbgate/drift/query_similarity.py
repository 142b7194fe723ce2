"""Whether the questions of the golden set still meet text that is near them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True, slots=True, eq=False)
class QuerySimilarity:
    """Cosine of each query to its best chunk: float32 (n,) in the candidate and in live, in the same order."""

    candidate: NDArray[np.float32]
    live: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.candidate)

    @property
    def drop(self) -> float:
        """Mean over the queries of live's cosine minus the candidate's; positive where the candidate is farther away."""
        return float(np.mean(self._drops()))

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of `drop` by Student's t over the paired differences; None below two queries."""
        drops = self._drops()
        if len(drops) < 2:
            return None
        half = float(stats.t.ppf(0.975, len(drops) - 1) * np.std(drops, ddof=1) / np.sqrt(len(drops)))
        return self.drop - half, self.drop + half

    @property
    def quantiles(self) -> dict[str, list[float]]:
        """The 5th, 50th and 95th percentile on both sides."""
        sides = {"candidate": self.candidate, "live": self.live}
        return {name: [round(float(q), 4) for q in np.quantile(side, QUANTILES)] for name, side in sides.items()}

    def farthest(self, n: int) -> list[int]:
        """Positions of the queries whose best chunk moved away most, at most n, none that did not move away."""
        drops = self._drops()
        return [int(row) for row in np.argsort(-drops, kind="stable")[:n] if drops[row] > 0]

    def _drops(self) -> NDArray[np.float64]:
        # A version that found nothing for a query is as far from it as can be.
        return np.nan_to_num(self.live, nan=-1.0).astype(np.float64) - np.nan_to_num(self.candidate, nan=-1.0)
