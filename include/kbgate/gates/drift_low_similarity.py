"""How the drift gate holds the share of the new material that has no near neighbour in live."""

from statsmodels.stats.proportion import proportion_confint

from kbgate.drift.calibration import CalibratedSize, DriftCalibration, exceeds
from kbgate.drift.low_similarity import LowSimilarityShare
from kbgate.gates.drift_measurements import held, reported, unknown
from kbgate.results import Measurement
from kbgate.sections.drift import DriftSettings

NAME = "low_similarity_share"


def judge_low_similarity(
    low: LowSimilarityShare | None,
    settings: DriftSettings,
    *,
    n_documents: int,
    judged: bool,
    calibration: DriftCalibration | None,
    without_calibration: str,
) -> list[Measurement]:
    """The share with its limit, its p-value, and how often innocent batches exceed the limit that was used.

    The limit is the calibrated one of the batch's size; without it, the larger of the setting and what random groups of as
    many documents exceed with the stated false-alarm rate, so that it is significance and size at once.
    """
    if low is None:
        message = "Live has fewer than two documents, so nothing is known about how alike its documents are."
        return [unknown(NAME, message) if judged else reported(NAME, None, n_documents, message)]
    size = calibration.size_for(n_documents) if calibration else None
    if calibration and size:
        limit = size.limit
        rate, interval, n = size.false_alarm_rate, size.interval, size.n_held_out
        how = f"the limit for {size.n_documents} documents or more that {calibration.version} was calibrated to"
    else:
        limit = max(settings.max_low_similarity_share, low.test.critical_value(settings.false_alarm_rate))
        n = len(low.test.permuted)
        n_alarms = int(exceeds(low.test.permuted, limit).sum())
        rate, interval = n_alarms / n, proportion_confint(n_alarms, n, alpha=0.05, method="wilson")
        why = (
            without_calibration if calibration is None else f"the calibration begins at {_first(calibration)} documents"
        )
        how = f"the built-in limit, because {why}"
    alarms = (
        f"{rate:.1%} of {n} innocent batches exceed it (95 % interval {interval[0]:.1%} to {interval[1]:.1%}; "
        f"{settings.false_alarm_rate:.1%} is allowed)"
    )
    within = f"95 % interval {low.interval[0]:.1%} to {low.interval[1]:.1%}, " if low.interval else ""
    message = (
        f"{low.share:.1%} of the new material has no near neighbour in live (cosine below {low.similarity:.2f}, as has "
        f"{low.live_share:.1%} of live's own; {within}p = {low.test.p_value:.3f}); at most {limit:.1%} is wanted, {how}; {alarms}."
    )
    if not judged:
        share = reported(NAME, low.share, n_documents, message, low.interval)
    elif size is None and not low.test.can_reach(settings.false_alarm_rate):
        few = f"{n_documents} new or changed documents are too few beside live's to tell drift from chance."
        share = unknown(NAME, few)
    else:
        share = held(NAME, low.share, limit, "max", n_documents, message, low.interval)
    return [
        share,
        reported(
            "low_similarity_p_value", low.test.p_value, len(low.test.permuted), "From a permutation of whole documents."
        ),
        reported("false_alarm_rate", rate, n, f"The limit is {limit:.1%}: {alarms}.", interval),
        *_one_topic(size),
    ]


def _one_topic(size: CalibratedSize | None) -> list[Measurement]:
    if size is None:
        return []
    message = (
        f"Of batches of {size.n_documents} documents about one topic, which the rest of live hardly treats, "
        f"{size.topic_alarm_rate:.0%} exceed the limit: a new section of pages may have to be let through by a person."
    )
    return [reported("one_topic_alarm_rate", size.topic_alarm_rate, size.n_topic_draws, message)]


def _first(calibration: DriftCalibration) -> int:
    return calibration.sizes[0].n_documents
