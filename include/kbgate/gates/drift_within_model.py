"""The drift gate between two versions of one embedding model."""

from dataclasses import asdict
from typing import Any

import numpy as np

from kbgate.drift.calibration import DriftCalibration
from kbgate.drift.measure import DriftInput, DriftMeasures, measure_drift, measure_duplicates
from kbgate.drift.query_similarity import QuerySimilarity
from kbgate.drift.similarity_histogram import SimilarityHistogram, similarity_histogram
from kbgate.gates.drift_low_similarity import judge_low_similarity
from kbgate.gates.drift_measurements import held, reported
from kbgate.results import Measurement, Verdict
from kbgate.sections.drift import DriftSettings

WHY_CENTROID = "The centroid moves with every change of the mix of topics and does not block."


def judge_within_model(
    given: DriftInput, settings: DriftSettings, calibration: DriftCalibration | None, without_calibration: str
) -> tuple[tuple[Measurement, ...], dict[str, Any]]:
    """Measure the new material beside live; measurements and details."""
    found, n_documents = measure_drift(given, settings), len(set(given.new.doc_ids))
    judged = _judged(n_documents, settings.min_documents, given, settings)
    paired = _paired(found, given, settings)
    measurements = (
        _amount(given, settings, n_documents),
        *judge_low_similarity(
            found.low,
            settings,
            n_documents=n_documents,
            judged=judged,
            calibration=calibration,
            without_calibration=without_calibration,
        ),
        paired,
        *_separability(found, settings, judged=paired.verdict is Verdict.PASSED),
        judge_duplicates(given, settings),
        *judge_queries(given.queries, settings),
        *_beside(found, given),
    )
    details: dict[str, Any] = {
        "changed_most": [asdict(document) for document in found.changed],
        "added_farthest": [asdict(document) for document in found.added],
        "similarity_histogram": asdict(_histogram(found)),
    }
    size = calibration.size_for(n_documents) if calibration else None
    if calibration and size:
        details["calibration"] = {
            "version": calibration.version,
            "settings_hash": calibration.settings_hash,
            **size.model_dump(mode="json"),
        }
    if given.queries:
        details["query_similarity"] = given.queries.quantiles
    return measurements, details


def judge_duplicates(given: DriftInput, settings: DriftSettings) -> Measurement:
    """Hold the new material to not repeating itself; needs no live version, so it holds between two models as well."""
    found = measure_duplicates(given, settings)
    name, value, n = "self_duplicate_share", found.duplicates.share or 0.0, len(found.duplicates.doc_ids)
    limit, pairs = settings.max_self_duplicate_share, found.duplicates.pairs
    such = f", such as {' and '.join(pairs[0])}" if pairs else ""
    message = (
        f"{value:.1%} of the new chunks have a near-copy in another new document{such}; at most {limit:.0%} is wanted."
    )
    if not _judged(len(set(given.new.doc_ids)), settings.min_documents, given, settings):
        return reported(name, value, n, message, found.interval)
    return held(name, value, limit, "max", n, message, found.interval)


def judge_queries(queries: QuerySimilarity | None, settings: DriftSettings) -> list[Measurement]:
    """Warn of questions that met near text in live and do not in the candidate; recall judges what they find."""
    if queries is None or not len(queries):
        return []
    limit = settings.max_query_similarity_drop
    message = (
        f"The best chunk of a golden query is {queries.drop:+.3f} of cosine farther away than in live on the mean "
        f"(n = {len(queries)}); at most {limit:.3f} is wanted."
    )
    measured = held("query_similarity_drop", queries.drop, limit, "max", len(queries), message, queries.interval)
    return [measured.model_copy(update={"severity": "warning"})]


def _judged(n_documents: int, least: int, given: DriftInput, settings: DriftSettings) -> bool:
    """Whether there are enough documents to judge, or so many beside the candidate that they must be."""
    return n_documents >= least or n_documents / max(given.n_candidate_documents, 1) > settings.max_small_batch_share


def _amount(given: DriftInput, settings: DriftSettings, n_documents: int) -> Measurement:
    share = n_documents / max(given.n_candidate_documents, n_documents)
    message = f"{n_documents} new or changed documents are {share:.1%} of the candidate."
    if not _judged(n_documents, settings.min_documents, given, settings):
        message = (
            f"{n_documents} new or changed documents are too few to judge (at least {settings.min_documents} are wanted); "
            f"they are {share:.1%} of the candidate."
        )
    return Measurement(name="new_document_share", value=share, n=n_documents, message=message)


def _paired(found: DriftMeasures, given: DriftInput, settings: DriftSettings) -> Measurement:
    """Hold the median to a floor between unrelated documents of live (0 on the scale of the setting) and no change (1)."""
    name, n, value = "paired_similarity_median", len(found.paired), found.paired.median
    if value is None:
        return reported(name, None, 0, "No document was changed.")
    unrelated = found.unrelated or 0.0
    floor = unrelated + settings.min_paired_similarity * (1 - unrelated)
    message = f"Changed documents resemble their former selves with a median cosine of {value:.2f} (n = {n})"
    if not _judged(n, settings.min_changed_documents, given, settings):
        return reported(name, value, n, f"{message}; too few to judge.")
    message += f"; at least {floor:.2f} is wanted (two different documents of live: {unrelated:.2f})."
    return held(name, value, floor, "min", n, message)


def _separability(found: DriftMeasures, settings: DriftSettings, *, judged: bool) -> list[Measurement]:
    """Hold rewritten documents to not being told from their former selves; of no use where the median says it already."""
    separated, limit, name = found.separability, settings.max_version_separability, "version_separability"
    if separated is None:
        return []
    auc, n = separated.auc, separated.n_documents
    message = (
        f"A classifier trained on some of the {n} rewritten documents tells the others from their former selves with an AUC "
        f"of {auc:.2f} (0.50 is guessing)"
    )
    if not judged:
        return [reported(name, auc, n, f"{message}.")]
    message += f"; at most {limit:.2f} is wanted. More means one change to all, such as words in another order."
    return [held(name, auc, limit, "max", n, message)]


def _beside(found: DriftMeasures, given: DriftInput) -> list[Measurement]:
    """Numbers to look at; none of them blocks."""
    near = found.nearest.similarities[np.isfinite(found.nearest.similarities)]
    measured = [
        reported(
            f"nearest_similarity_{label}",
            float(np.quantile(near, q)),
            len(near),
            "Nearest chunk of live, own former self included.",
        )
        for label, q in (("p05", 0.05), ("median", 0.5), ("p95", 0.95))
        if len(near)
    ]
    measured.append(reported("centroid_similarity", found.centroid, len(given.candidate_sample), WHY_CENTROID))
    if found.centroid_test:
        p_value = found.centroid_test.p_value
        measured.append(reported("centroid_p_value", p_value, len(found.centroid_test.permuted), WHY_CENTROID))
    for intent, (value, n) in found.intent_centroids.items():
        measured.append(
            reported(f"centroid_similarity[{intent}]", value, n, f"Chunks of the documents of key intent {intent}.")
        )
    return measured


def _histogram(found: DriftMeasures) -> SimilarityHistogram:
    """The similarities that `low_similarity_share` was counted from; without it those to any chunk of live."""
    if found.low is None:
        return similarity_histogram(found.nearest.similarities)
    return similarity_histogram(found.low.new_similarities, found.low.live_similarities, found.low.similarity)
