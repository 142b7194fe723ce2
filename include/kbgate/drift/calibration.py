"""Limits of the drift gate that this knowledge base set itself, and how often they would cry wolf."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from statsmodels.stats.proportion import proportion_confint

from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.null_batches import null_batches
from kbgate.errors import UsageError
from kbgate.sections.drift import DriftSettings

STEP = math.sqrt(2)
"""From one batch size to the next."""
LARGEST_BATCH = 1000
TOPIC_DRAWS = 100
QUANTILES = (0.5, 0.9, 0.95, 0.99)
Share = Annotated[float, Field(ge=0, le=1)]


class PastIngest(BaseModel):
    """What an accepted ingest of the same model and chunk settings measured: its share and its number of documents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    n_documents: int
    share: Share


class CalibratedSize(BaseModel):
    """The limit for batches of at least `n_documents`, and what it does to batches that are innocent.

    `quantiles` are those of the drawn batches' shares (0.5, 0.9, 0.95, 0.99). `past_share` is the largest of the past
    ingests that raised the limit, if one did. `n_alarms` of `n_held_out` batches that had no part in the limit exceed it,
    and `topic_alarm_rate` of `n_topic_draws` batches about one topic of live.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_documents: int
    limit: Share
    quantiles: tuple[float, ...]
    past_share: float | None
    n_held_out: int
    n_alarms: int
    n_topic_draws: int
    topic_alarm_rate: Share

    @property
    def false_alarm_rate(self) -> float:
        """Measured share of alarms among the held-out batches."""
        return self.n_alarms / self.n_held_out

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % score interval of `false_alarm_rate` (Wilson, JASA 22, 1927)."""
        low, high = proportion_confint(self.n_alarms, self.n_held_out, alpha=0.05, method="wilson")
        return float(low), float(high)


class DriftCalibration(BaseModel):
    """Limits by batch size, and what they hold for: one embedding fingerprint and the settings behind `settings_hash`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    version: str
    """The live version that was drawn from."""
    fingerprint: str
    settings_hash: str
    false_alarm_rate: float
    """What was asked for."""
    n_live_documents: int
    """All documents of the version, also where a sample of its chunks was drawn from."""
    draws: int
    seed: int
    sizes: tuple[CalibratedSize, ...] = Field(min_length=1)
    """By size, ascending; limits never rise with the size."""
    past: tuple[PastIngest, ...] = ()

    def size_for(self, n_documents: int) -> CalibratedSize | None:
        """The largest calibrated size that a batch reaches, whose limit is the more patient one; None below the first."""
        fitting = [size for size in self.sizes if size.n_documents <= n_documents]
        return fitting[-1] if fitting else None


def calibrate_drift(
    live: ChunkVectors,
    settings: DriftSettings,
    *,
    version: str,
    fingerprint: str,
    settings_hash: str,
    n_live_documents: int | None = None,
    past: Sequence[PastIngest] = (),
    draws: int,
) -> DriftCalibration:
    """Draw `draws` batches of whole documents out of live at each of several sizes and set a limit on half of them.

    The limit is the r-th largest of the m shares of the first half, r = floor(rate * (m + 1)), so that a further batch of
    the same kind exceeds it with probability at most r / (m + 1) <= rate (order statistics of exchangeable values). The
    other half measures how often that is. A past ingest raises the limit of sizes up to its own, at most to
    `max_low_similarity_share`: live's own documents know each other better than new ones do, and a larger batch varies
    less. Sizes go from `min_documents` in steps of the root of 2 to half of live, at most 1,000. `live` may be a sample:
    `n_live_documents` are all that live has (default: those of the sample).

    Raises:
        UsageError: live has too few documents, or the draws are too few for the rate.
    """
    null, rate, m = null_batches(live) if len(live) else None, settings.false_alarm_rate, draws // 2
    rank = math.floor(rate * (m + 1) + 1e-9)
    if rank < 1:
        raise UsageError(
            f"{draws} draws are too few for a false-alarm rate of {rate:g}: half of them set the limit. "
            f"Wanted: at least {2 * (math.ceil(1 / rate) - 1)}."
        )
    sizes = [] if null is None else _sizes(settings.min_documents, null.n_documents // 2)
    if null is None or not sizes:
        raise UsageError(
            f"{version} has {0 if null is None else null.n_documents} documents; to draw batches of "
            f"{settings.min_documents} out of it, {2 * settings.min_documents} are wanted. Without a calibration the drift "
            "gate keeps to its built-in limit."
        )
    found: list[CalibratedSize] = []
    # From the largest size down, so that a smaller batch never has the stricter limit.
    for size in reversed(sizes):
        drawn = partial(
            null.shares, quantile=settings.low_quantile, similarity=settings.low_similarity, seed=settings.seed
        )
        shares, topics = drawn(size, draws), drawn(size, TOPIC_DRAWS, one_topic=True)
        before = found[-1].limit if found else 0.0
        found.append(_calibrated(size, shares, topics, rank, before, past, settings.max_low_similarity_share))
    return DriftCalibration(
        version=version,
        fingerprint=fingerprint,
        settings_hash=settings_hash,
        false_alarm_rate=rate,
        n_live_documents=n_live_documents or null.n_documents,
        draws=draws,
        seed=settings.seed,
        sizes=tuple(reversed(found)),
        past=tuple(past),
    )


def _sizes(first: int, last: int) -> list[int]:
    sizes, size = [], float(first)
    while round(size) <= min(last, LARGEST_BATCH):
        sizes.append(round(size))
        size *= STEP
    return sizes


def _calibrated(
    size: int,
    shares: NDArray[np.float64],
    topics: NDArray[np.float64],
    rank: int,
    larger: float,
    past: Sequence[PastIngest],
    most: float,
) -> CalibratedSize:
    calibrating, held_out = shares[: len(shares) // 2], shares[len(shares) // 2 :]
    limit = max(float(np.sort(calibrating)[-rank]), larger)
    seen = max((min(each.share, most) for each in past if each.n_documents >= size), default=0.0)
    raised = max(limit, seen)
    return CalibratedSize(
        n_documents=size,
        limit=raised,
        quantiles=tuple(float(np.quantile(shares, q)) for q in QUANTILES),
        past_share=seen if seen > limit else None,
        n_held_out=len(held_out),
        n_alarms=int(exceeds(held_out, raised).sum()),
        n_topic_draws=len(topics),
        topic_alarm_rate=float(exceeds(topics, raised).mean()),
    )


def exceeds(shares: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    """Which shares are beyond the limit; equal sums added in another order differ in their last bits."""
    return shares > limit + 1e-12
