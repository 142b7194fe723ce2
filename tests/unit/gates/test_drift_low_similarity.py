import numpy as np
import pytest

from kbgate.drift.calibration import CalibratedSize, DriftCalibration
from kbgate.drift.low_similarity import LowSimilarityShare
from kbgate.drift.permutation import PermutationTest
from kbgate.gates.drift_low_similarity import judge_low_similarity
from kbgate.results import Measurement, Verdict
from kbgate.sections.drift import DriftSettings

SETTINGS = DriftSettings(permutations=199)
CALIBRATION = DriftCalibration(
    version="v1.0.0",
    fingerprint="f",
    settings_hash="h",
    false_alarm_rate=0.01,
    n_live_documents=200,
    draws=400,
    seed=1,
    sizes=(
        CalibratedSize(
            n_documents=20,
            limit=0.12,
            quantiles=(0.02, 0.05, 0.08, 0.12),
            past_share=None,
            n_held_out=200,
            n_alarms=3,
            n_topic_draws=100,
            topic_alarm_rate=0.4,
        ),
    ),
)


def low(share: float, largest: tuple[float, ...] = (), n_groups: int = 10**9) -> LowSimilarityShare:
    """A share beside 199 random groups of which all but the `largest` have none."""
    permuted = np.array([*largest, *[0.0] * (199 - len(largest))])
    nothing = np.empty(0, dtype=np.float32)
    return LowSimilarityShare(
        0.4, share, 0.05, (0.0, 1.0), PermutationTest(share, permuted, n_groups), nothing, nothing
    )


def judged(
    found: LowSimilarityShare | None, n_documents: int = 40, *, judged: bool = True, calibration=None
) -> dict[str, Measurement]:
    measurements = judge_low_similarity(
        found,
        SETTINGS,
        n_documents=n_documents,
        judged=judged,
        calibration=calibration,
        without_calibration="there is none",
    )
    return {m.name: m for m in measurements}


@pytest.mark.parametrize(("largest", "limit", "alarms"), [((), 0.30, 0), ((0.6, 0.2), 0.30, 1), ((0.6, 0.5), 0.50, 1)])
def test_without_calibration_the_limit_is_the_setting_or_chance_if_that_is_more(largest, limit, alarms) -> None:
    at, beyond = judged(low(limit, largest)), judged(low(limit + 0.01, largest))
    assert (at["low_similarity_share"].verdict, at["low_similarity_share"].threshold) == (Verdict.PASSED, limit)
    assert beyond["low_similarity_share"].verdict is Verdict.FAILED
    assert "the built-in limit, because there is none" in beyond["low_similarity_share"].message
    assert (at["false_alarm_rate"].value, at["false_alarm_rate"].n) == (pytest.approx(alarms / 199), 199)
    assert "one_topic_alarm_rate" not in at


def test_a_calibrated_size_sets_the_limit_and_says_what_it_costs() -> None:
    found = judged(low(0.13), calibration=CALIBRATION)
    share = found["low_similarity_share"]
    assert (share.verdict, share.threshold, share.n) == (Verdict.FAILED, 0.12, 40)
    assert "the limit for 20 documents or more that v1.0.0 was calibrated to" in share.message
    assert (found["false_alarm_rate"].value, found["false_alarm_rate"].n) == (0.015, 200)
    assert (found["one_topic_alarm_rate"].value, found["one_topic_alarm_rate"].severity) == (0.4, "warning")
    assert judged(low(0.12), calibration=CALIBRATION)["low_similarity_share"].verdict is Verdict.PASSED


def test_a_batch_below_the_first_calibrated_size_keeps_to_the_built_in_limit() -> None:
    share = judged(low(0.13), 19, calibration=CALIBRATION)["low_similarity_share"]
    assert (share.verdict, share.threshold) == (Verdict.PASSED, 0.30)
    assert "the calibration begins at 20 documents" in share.message


def test_where_no_group_could_be_significant_nothing_is_decided_unless_a_calibration_can() -> None:
    few = low(1.0, n_groups=99)
    assert judged(few)["low_similarity_share"].verdict is Verdict.INCONCLUSIVE
    assert judged(low(1.0, n_groups=100))["low_similarity_share"].verdict is Verdict.FAILED
    assert judged(few, calibration=CALIBRATION)["low_similarity_share"].verdict is Verdict.FAILED


def test_what_is_not_to_be_judged_is_reported_however_bad() -> None:
    share = judged(low(1.0), judged=False)["low_similarity_share"]
    assert (share.verdict, share.severity, share.threshold) == (Verdict.PASSED, "warning", None)
    assert (share.value, share.ci_low, share.ci_high) == (1.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("is_judged", "verdict", "severity"),
    [(True, Verdict.INCONCLUSIVE, "critical"), (False, Verdict.PASSED, "warning")],
)
def test_a_share_that_could_not_be_measured_is_open_where_it_counts(is_judged, verdict, severity) -> None:
    found = judged(None, judged=is_judged)
    assert set(found) == {"low_similarity_share"}
    share = found["low_similarity_share"]
    assert (share.value, share.verdict, share.severity) == (None, verdict, severity)
    assert "fewer than two documents" in share.message
