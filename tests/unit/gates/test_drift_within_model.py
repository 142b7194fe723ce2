from dataclasses import replace

import numpy as np
import pytest

from clustered_vectors import clustered, joined
from kbgate.drift.calibration import calibrate_drift
from kbgate.drift.chunk_vectors import ChunkVectors, unit_rows
from kbgate.drift.measure import DriftInput
from kbgate.drift.query_similarity import QuerySimilarity
from kbgate.gates.drift_within_model import judge_duplicates, judge_queries, judge_within_model
from kbgate.results import Verdict
from kbgate.sections.drift import DriftSettings

SETTINGS = DriftSettings(permutations=199)
LIVE = clustered(60, 3, seed=1)
NONE = LIVE.rows(np.arange(0))


def added(new: ChunkVectors, n_candidate_documents: int = 100) -> DriftInput:
    return DriftInput(new, LIVE, joined(new, LIVE), NONE, NONE, n_candidate_documents, same_fingerprint=True)


def pages(n_documents: int, n_copies: int) -> ChunkVectors:
    """Documents of one chunk at right angles, of which the first `n_copies` say the same."""
    vectors = np.eye(n_documents, 16, dtype=np.float32)
    vectors[:n_copies] = vectors[0]
    return ChunkVectors(vectors, np.array([f"page-{i}" for i in range(n_documents)], dtype=object))


def test_near_copies_up_to_the_limit_pass_and_more_fail_by_name() -> None:
    assert judge_duplicates(added(pages(10, 0)), SETTINGS).value == 0
    at = judge_duplicates(added(pages(10, 2)), SETTINGS)
    assert (at.verdict, at.value, at.threshold, at.n) == (Verdict.PASSED, 0.2, 0.2, 10)
    beyond = judge_duplicates(added(pages(10, 3)), SETTINGS)
    assert beyond.verdict is Verdict.FAILED
    assert "30.0% of the new chunks have a near-copy in another new document, such as page-0 and page-1" in (
        beyond.message
    )


@pytest.mark.parametrize(("n_candidate", "is_judged"), [(45, False), (44, True)])
def test_few_documents_are_judged_only_where_they_are_much_of_the_candidate(n_candidate: int, is_judged: bool) -> None:
    """Nine documents are a fifth of 45."""
    found = judge_duplicates(added(pages(9, 9), n_candidate), SETTINGS)
    assert found.value == 1
    wanted = (Verdict.FAILED, "critical", 0.2) if is_judged else (Verdict.PASSED, "warning", None)
    assert (found.verdict, found.severity, found.threshold) == wanted


@pytest.mark.parametrize(("drop", "verdict"), [(0.009, Verdict.PASSED), (0.011, Verdict.FAILED)])
def test_questions_that_lost_near_text_are_a_warning(drop: float, verdict: Verdict) -> None:
    live = np.linspace(0.4, 0.8, 50)
    (found,) = judge_queries(QuerySimilarity(live - drop, live), SETTINGS)
    assert (found.verdict, found.severity, found.value) == (verdict, "warning", pytest.approx(drop))
    assert found.ci_low is not None


def test_without_questions_nothing_is_said_of_them() -> None:
    nothing = np.empty(0, dtype=np.float32)
    assert judge_queries(None, SETTINGS) == judge_queries(QuerySimilarity(nothing, nothing), SETTINGS) == []


@pytest.mark.parametrize(("by", "verdict"), [(0.02, Verdict.PASSED), (5.0, Verdict.FAILED)])
def test_changed_documents_are_held_to_a_floor_above_unrelated_ones(by: float, verdict: Verdict) -> None:
    before = LIVE.rows(np.arange(60))
    noise = np.random.default_rng(2).normal(size=before.vectors.shape)
    after = ChunkVectors(unit_rows(before.vectors + by * noise), before.doc_ids)
    given = replace(added(after), before=before, after=after)
    measurements, details = judge_within_model(given, SETTINGS, None, "there is none")
    found = {m.name: m for m in measurements}
    paired = found["paired_similarity_median"]
    assert (paired.verdict, paired.n) == (verdict, 20)
    # Two documents drawn at random are near a cosine of 0, so the floor is near the setting itself.
    assert paired.threshold == pytest.approx(SETTINGS.min_paired_similarity, abs=0.05)
    assert len(details["changed_most"]) == 20
    assert details["added_farthest"] == []
    # Where the median says it already, the classifier is only reported.
    if verdict is Verdict.FAILED:
        assert found["version_separability"].severity == "warning"


def test_the_calibration_is_told_where_it_has_the_size_of_the_batch() -> None:
    calibration = calibrate_drift(LIVE, SETTINGS, version="v1", fingerprint="f", settings_hash="h", draws=200)
    _, told = judge_within_model(added(clustered(10, 3, seed=2)), SETTINGS, calibration, "")
    assert (told["calibration"]["version"], told["calibration"]["n_documents"]) == ("v1", 10)
    _, smaller = judge_within_model(added(clustered(9, 3, seed=2)), SETTINGS, calibration, "")
    assert "calibration" not in smaller
    assert {row["doc_id"] for row in smaller["added_farthest"]} == {f"doc-2-{i:03}" for i in range(9)}
