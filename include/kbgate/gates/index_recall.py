"""Does the store's index find what an exact search finds? An index that lost chunks answers fast and wrongly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.errors import UsageError
from kbgate.evaluation.intervals import mean_interval
from kbgate.records import Hits
from kbgate.results import Measurement, Verdict
from kbgate.sections.reconcile import ReconcileSettings

NAME = "index_recall_at_k"
TIE = 1e-6
"""Cosines closer than this are equal: which of two equal chunks comes last is no matter of the index."""
RESAMPLES = 10_000
ADVICE = "Rebuild the index or let it search more (store.options), and run again."


@dataclass(frozen=True, slots=True, eq=False)
class IndexSearch:
    """The same queries asked of the candidate in two ways, k results each; `asked` says what the queries are."""

    served: Hits
    """As the bot would: through the index, where there is one."""
    exact: Hits
    asked: str


def index_recall_per_query(served: Hits, exact: Hits) -> NDArray[np.float64]:
    """Share of the k best chunks that the served search returned, shape (n_queries,); NaN for an empty version.

    A served chunk counts if it is as similar as the exact k-th one (Aumueller, Bernhardsson, Faithfull, ANN-Benchmarks,
    2020), so that ties do not.

    Raises:
        UsageError: the two searches answer different queries.
    """
    if served.similarities.shape != exact.similarities.shape:
        raise UsageError(
            f"The served search has the shape {served.similarities.shape}, the exact one {exact.similarities.shape}. "
            "Ask both the same queries with the same k."
        )
    wanted = np.isfinite(exact.similarities).sum(axis=1)
    kth = np.where(np.isfinite(exact.similarities), exact.similarities, np.inf).min(axis=1)
    found = (served.similarities >= kth[:, None] - TIE).sum(axis=1)
    return np.where(wanted > 0, np.minimum(found, wanted) / np.maximum(wanted, 1), np.nan)


def measure_index(search: IndexSearch | None, settings: ReconcileSettings) -> Measurement:
    """Hold the mean share of the exact k best that the served search finds to `min_index_recall`."""
    floor = settings.min_index_recall
    shares = np.empty(0) if search is None else index_recall_per_query(search.served, search.exact)
    shares = shares[np.isfinite(shares)]
    if search is None or not len(shares):
        message = "The index was not compared with an exact search: there was nothing to ask."
        return Measurement(name=NAME, value=None, n=0, verdict=Verdict.INCONCLUSIVE, message=message)
    value, n, k = float(shares.mean()), len(shares), search.exact.similarities.shape[1]
    interval = mean_interval(shares, np.arange(n), resamples=RESAMPLES, seed=settings.seed)
    passed = value >= floor
    message = (
        f"The store's search finds {value:.1%} of the {k} best chunks that an exact search finds (n = {n} {search.asked}, "
        f"lowest {shares.min():.0%}); at least {floor:.0%} is wanted."
    )
    return Measurement(
        name=NAME,
        value=value,
        threshold=floor,
        direction="min",
        n=n,
        ci_low=interval.low if interval else None,
        ci_high=interval.high if interval else None,
        verdict=Verdict.PASSED if passed else Verdict.FAILED,
        message=message,
        advice="" if passed else ADVICE,
    )
