"""The drift gate: does the new material look like the knowledge base it enters?"""

from dataclasses import asdict
from typing import Any

import numpy as np

from kbgate.drift.low_similarity import LowSimilarityShare
from kbgate.drift.measure import (
    DriftInput,
    DriftMeasures,
    all_finite,
    measure_across_models,
    measure_drift,
    measure_duplicates,
)
from kbgate.errors import SettingsError
from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.sections.drift import DriftSettings

NAME = "drift"
ROUNDING = 1e-12
ADVICE = "Look at the documents listed in the report; if they belong here, widen the limit by a pull request."


def judge_drift(given: DriftInput, settings: DriftSettings) -> GateResult:
    """Hold the added and changed documents to what live looks like.

    FAILED if too much of them lies far from every other live document (every document counts the same), if changed
    documents no longer resemble their former selves, or if the batch repeats itself. The first limit is the larger of
    the setting and what random groups of as many documents exceed with probability `alpha`, so it is significance and
    size at once; where even the worst batch could not be significant, the verdict is INCONCLUSIVE. A batch of fewer than
    `min_documents` that is at most `max_small_batch_share` of the candidate is reported and passes. Without live the
    verdict is INCONCLUSIVE; across embedding models neighbourhoods are compared instead of cosines.

    Raises:
        SettingsError: `permutations` are too few for `alpha`.
        UsageError: vectors of two embedding models are compared, or arrays do not fit together.
    """
    if settings.alpha * (settings.permutations + 1) < 1:
        raise SettingsError(
            f"drift.permutations = {settings.permutations} can never reach drift.alpha = {settings.alpha:g}. "
            f"Wanted: at least {int(np.ceil(1 / settings.alpha)) - 1} permutations."
        )
    n_documents = len(set(given.new.doc_ids))
    if given.live_sample is None or not len(given.live_sample):
        message = "There is no live version to compare with, so drift is unknown."
        return _result(settings, (_unknown("live_chunks", message),), message, needs_reference=True)
    if not all_finite(given.new):
        message = "Some of the new vectors hold NaN or infinite numbers. Do not promote; embed the documents again."
        broken = float((~np.isfinite(given.new.vectors).all(axis=1)).sum())
        measured = _held("not_finite", broken, 0, "max", len(given.new), message)
        return _result(settings, (measured,), message)
    if not given.same_fingerprint:
        return _judge_across_models(given, settings, n_documents)
    if not n_documents:
        message = "No document is new or changed, so nothing can have drifted."
        return _result(settings, (Measurement(name="n_documents", value=0, n=0, message=message),), message)
    return _judge_within_model(given, settings, n_documents)


def _judge_within_model(given: DriftInput, settings: DriftSettings, n_documents: int) -> GateResult:
    found = measure_drift(given, settings)
    measurements = (
        _amount(given, settings, n_documents),
        *_low_similarity(found.low, given, settings, n_documents),
        _paired(found, given, settings),
        _duplicates(given, settings, n_documents),
        *_reported(found, given),
    )
    details = {
        "changed_most": [asdict(document) for document in found.changed],
        "added_farthest": [asdict(document) for document in found.added],
    }
    return _result(settings, measurements, _message(measurements), details)


def _judge_across_models(given: DriftInput, settings: DriftSettings, n_documents: int) -> GateResult:
    """Cosines between two models mean nothing; ask whether documents kept their neighbours."""
    found, floor = measure_across_models(given, settings), settings.min_neighbour_overlap
    if found.mean is None:
        n_shared = len(set(given.before.doc_ids) & set(given.after.doc_ids))
        message = (
            f"The embedding model changed, and {n_shared} documents in both versions are too few to compare their "
            "neighbours; at least 20 are wanted. Set drift.mode to warn for this change if recall is enough for you."
        )
        measured = _unknown("neighbour_overlap", message)
    else:
        message = (
            f"The embedding model changed, so neighbourhoods are compared: documents keep {found.mean:.0%} of their "
            f"{found.neighbours} nearest neighbours (n = {len(found)}; chance gives {found.chance:.0%}); at least {floor:.0%} is wanted."
        )
        measured = _held("neighbour_overlap", found.mean, floor, "min", len(found), message)
    measurements = [measured]
    if n_documents:
        measurements.append(_duplicates(given, settings, n_documents))
    lost = [
        {"doc_id": doc_id, "title": given.titles.get(doc_id, ""), "overlap": round(float(overlap), 4)}
        for doc_id, overlap in zip(found.doc_ids[:20], found.overlaps[:20], strict=True)
    ]
    return _result(settings, tuple(measurements), _message(tuple(measurements)), {"neighbours_lost": lost})


def _judged(n_documents: int, given: DriftInput, settings: DriftSettings) -> bool:
    """Whether there are enough documents to judge, or so many beside the candidate that they must be."""
    share = n_documents / max(given.n_candidate_documents, 1)
    return n_documents >= settings.min_documents or share > settings.max_small_batch_share


def _amount(given: DriftInput, settings: DriftSettings, n_documents: int) -> Measurement:
    share = n_documents / max(given.n_candidate_documents, n_documents)
    message = f"{n_documents} new or changed documents are {share:.1%} of the candidate."
    if not _judged(n_documents, given, settings):
        message = (
            f"{n_documents} new or changed documents are too few to judge (at least {settings.min_documents} are wanted); "
            f"they are {share:.1%} of the candidate."
        )
    return Measurement(name="new_document_share", value=share, n=n_documents, message=message)


def _low_similarity(
    low: LowSimilarityShare | None, given: DriftInput, settings: DriftSettings, n_documents: int
) -> list[Measurement]:
    name, n, judged = "low_similarity_share", n_documents, _judged(n_documents, given, settings)
    if low is None:
        message = "Live has fewer than two documents, so nothing is known about how alike its documents are."
        return [_unknown(name, message) if judged else _info(name, None, n, message)]
    limit = max(settings.max_low_similarity_share, low.test.critical_value(settings.alpha))
    interval = f"95 % interval {low.interval[0]:.1%} to {low.interval[1]:.1%}, " if low.interval else ""
    message = (
        f"{low.share:.1%} of the new material has no near neighbour in live (cosine below {low.similarity:.2f}, as has "
        f"{low.live_share:.1%} of live's own; {interval}p = {low.test.p_value:.3f}); at most {limit:.1%} is wanted."
    )
    if not judged:
        share = _info(name, low.share, n, message, low.interval)
    elif not low.test.can_reach(settings.alpha):
        few = f"{n_documents} new or changed documents are too few beside live's to tell drift from chance."
        share = _unknown(name, few)
    else:
        share = _held(name, low.share, limit, "max", n, message, low.interval)
    m = len(low.test.permuted)
    alarms = float((low.test.permuted > limit + ROUNDING).mean())
    how = f"Of {m} random groups of as many documents, {alarms:.1%} exceed the limit of {limit:.1%}."
    return [
        share,
        _info("low_similarity_p_value", low.test.p_value, m, "From a permutation of whole documents."),
        _info("false_alarm_rate", alarms, m, how),
    ]


def _paired(found: DriftMeasures, given: DriftInput, settings: DriftSettings) -> Measurement:
    """Hold the median to a floor between unrelated documents of live (0 on the scale of the setting) and no change (1)."""
    name, n, value = "paired_similarity_median", len(found.paired), found.paired.median
    if value is None:
        return _info(name, None, 0, "No document was changed.")
    unrelated = found.unrelated or 0.0
    floor = unrelated + settings.min_paired_similarity * (1 - unrelated)
    message = f"Changed documents resemble their former selves with a median cosine of {value:.2f} (n = {n})"
    if not _judged(n, given, settings):
        return _info(name, value, n, f"{message}; too few to judge.")
    message += f"; at least {floor:.2f} is wanted (two different documents of live: {unrelated:.2f})."
    return _held(name, value, floor, "min", n, message)


def _duplicates(given: DriftInput, settings: DriftSettings, n_documents: int) -> Measurement:
    found = measure_duplicates(given, settings)
    name, value, n = "self_duplicate_share", found.duplicates.share or 0.0, len(found.duplicates.doc_ids)
    limit, pairs = settings.max_self_duplicate_share, found.duplicates.pairs
    such = f", such as {' and '.join(pairs[0])}" if pairs else ""
    message = (
        f"{value:.1%} of the new chunks have a near-copy in another new document{such}; at most {limit:.0%} is wanted."
    )
    if not _judged(n_documents, given, settings):
        return _info(name, value, n, message, found.interval)
    return _held(name, value, limit, "max", n, message, found.interval)


def _reported(found: DriftMeasures, given: DriftInput) -> list[Measurement]:
    """Numbers to look at; none of them blocks."""
    near = found.nearest.similarities[np.isfinite(found.nearest.similarities)]
    measured = [
        _info(
            f"nearest_similarity_{label}",
            float(np.quantile(near, q)),
            len(near),
            "Nearest chunk of live, own former self included.",
        )
        for label, q in (("p05", 0.05), ("median", 0.5), ("p95", 0.95))
        if len(near)
    ]
    why = "The centroid moves with every change of the mix of topics and does not block."
    measured.append(_info("centroid_similarity", found.centroid, len(given.candidate_sample), why))
    if found.centroid_test:
        p_value = found.centroid_test.p_value
        measured.append(_info("centroid_p_value", p_value, len(found.centroid_test.permuted), why))
    for intent, (value, n) in found.intent_centroids.items():
        measured.append(
            _info(f"centroid_similarity[{intent}]", value, n, f"Chunks of the documents of key intent {intent}.")
        )
    return measured


def _message(measurements: tuple[Measurement, ...]) -> str:
    verdict = judge(measurements)
    if verdict is not Verdict.PASSED:
        sentences = [m.message for m in measurements if m.verdict is verdict]
        return " ".join([*sentences, ADVICE if verdict is Verdict.FAILED else "Too little is known to promote."])
    return " ".join(m.message for m in measurements if m.threshold is not None) or measurements[0].message


def _held(
    name: str,
    value: float,
    threshold: float,
    direction: Any,
    n: int,
    message: str,
    interval: tuple[float, float] | None = None,
) -> Measurement:
    excess = value - threshold if direction == "max" else threshold - value
    return Measurement(
        name=name,
        value=value,
        threshold=threshold,
        direction=direction,
        n=n,
        ci_low=interval[0] if interval else None,
        ci_high=interval[1] if interval else None,
        # NaN is never within a limit.
        verdict=Verdict.PASSED if excess <= ROUNDING else Verdict.FAILED,
        message=message,
    )


def _info(
    name: str, value: float | None, n: int, message: str, interval: tuple[float, float] | None = None
) -> Measurement:
    low, high = interval or (None, None)
    return Measurement(name=name, value=value, n=n, ci_low=low, ci_high=high, severity="warning", message=message)


def _unknown(name: str, message: str) -> Measurement:
    return Measurement(name=name, value=None, n=0, verdict=Verdict.INCONCLUSIVE, message=message)


def _result(
    settings: DriftSettings,
    measurements: tuple[Measurement, ...],
    message: str,
    details: dict[str, Any] | None = None,
    needs_reference: bool = False,
) -> GateResult:
    return GateResult(
        name=NAME,
        mode=settings.mode,
        verdict=judge(measurements),
        measurements=measurements,
        message=message,
        details=details or {},
        settings=settings.model_dump(mode="json"),
        needs_reference=needs_reference,
    )
