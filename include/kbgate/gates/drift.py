"""The drift gate: does the new material look like the knowledge base it enters?"""

import math
from typing import Any

import numpy as np

from kbgate.drift.calibration import DriftCalibration
from kbgate.drift.measure import DriftInput, all_finite
from kbgate.errors import SettingsError
from kbgate.gates.drift_across_models import judge_across_models
from kbgate.gates.drift_measurements import held, unknown
from kbgate.gates.drift_within_model import judge_duplicates, judge_queries, judge_within_model
from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.sections.drift import DriftSettings

NAME = "drift"
ADVICE = (
    "Look at the documents listed in the report; if they belong here, let them in with drift.mode = warn or widen the limit "
    "by a pull request."
)
NO_CALIBRATION = "nothing was calibrated (kbgate drift calibrate)"


def judge_drift(
    given: DriftInput,
    settings: DriftSettings,
    calibration: DriftCalibration | None = None,
    without_calibration: str = NO_CALIBRATION,
) -> GateResult:
    """Hold the added and changed documents to what live looks like.

    FAILED if too much of them lies far from every other live document (every document counts the same), if changed
    documents no longer resemble their former selves or were all rewritten in one way, or if the batch repeats itself. The
    first limit comes from `calibration` where there is one; `without_calibration` says why there is none, and then it is
    the larger of the setting and what random groups of as many documents exceed with the stated false-alarm rate, and
    where even the worst batch could not be significant the verdict is INCONCLUSIVE. A batch of fewer than
    `min_documents` that is at most `max_small_batch_share` of the candidate is reported and passes. Without live the
    verdict is INCONCLUSIVE; across embedding models neighbourhoods are compared instead of cosines.

    Raises:
        SettingsError: `permutations` are too few for `false_alarm_rate`.
        UsageError: vectors of two embedding models are compared, or arrays do not fit together.
    """
    rate, permutations = settings.false_alarm_rate, settings.permutations
    if rate * (permutations + 1) < 1:
        raise SettingsError(
            f"drift.permutations = {permutations} can never reach drift.false_alarm_rate = {rate:g}. "
            f"Wanted: at least {math.ceil(1 / rate) - 1} permutations."
        )
    if given.live_sample is None or not len(given.live_sample):
        message = "There is no live version to compare with, so drift is unknown."
        return _result(settings, (unknown("live_chunks", message),), message, needs_reference=True)
    if not all_finite(given.new):
        message = "Some of the new vectors hold NaN or infinite numbers. Do not promote; embed the documents again."
        broken = float((~np.isfinite(given.new.vectors).all(axis=1)).sum())
        measured = held("not_finite", broken, 0, "max", len(given.new), message)
        return _result(settings, (measured,), message)
    if not given.same_fingerprint:
        measurements, details = judge_across_models(given, settings)
        if len(given.new):
            measurements += (judge_duplicates(given, settings),)
        return _result(settings, measurements, _message(measurements), details)
    if not len(given.new):
        message = "No document is new or changed, so nothing can have drifted."
        nothing = Measurement(name="n_documents", value=0, n=0, message=message)
        return _result(settings, (nothing, *judge_queries(given.queries, settings)), message)
    measurements, details = judge_within_model(given, settings, calibration, without_calibration)
    return _result(settings, measurements, _message(measurements), details)


def _message(measurements: tuple[Measurement, ...]) -> str:
    verdict = judge(measurements)
    if verdict is not Verdict.PASSED:
        sentences = [m.message for m in measurements if m.verdict is verdict and m.severity == "critical"]
        return " ".join([*sentences, ADVICE if verdict is Verdict.FAILED else "Too little is known to promote."])
    warned = [m.message for m in measurements if m.verdict is not Verdict.PASSED]
    judged = [m.message for m in measurements if m.threshold is not None and m.severity == "critical"]
    if not any(m.name == "low_similarity_share" and m.threshold is not None for m in measurements):
        # Too few documents to judge as new material, whatever was judged of them as changed ones.
        judged = [m.message for m in measurements if m.name == "new_document_share"] + judged
    return " ".join([*judged, *warned])


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
