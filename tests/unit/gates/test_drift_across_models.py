from collections.abc import Mapping

import numpy as np
import pytest

from clustered_vectors import clustered
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.measure import DriftInput
from kbgate.gates.drift_across_models import LISTED, judge_across_models
from kbgate.results import Verdict
from kbgate.sections.drift import DriftSettings

SETTINGS = DriftSettings()
LIVE = clustered(60, 3, seed=1)


def compared(before: ChunkVectors, after: ChunkVectors, titles: Mapping[str, str] | None = None) -> DriftInput:
    return DriftInput(after, before, after, before, after, 60, same_fingerprint=False, titles=titles or {})


def in_another_space(chunks: ChunkVectors, replaced: int = 0) -> ChunkVectors:
    """The same neighbourhoods in mirrored axes; the first `replaced` documents say something else."""
    vectors = chunks.vectors[:, ::-1].copy()
    vectors[: 3 * replaced] = clustered(60, 3, seed=9).vectors[: 3 * replaced]
    return ChunkVectors(vectors, chunks.doc_ids)


def test_documents_that_keep_their_neighbours_pass() -> None:
    (measured, *beside), details = judge_across_models(compared(LIVE, in_another_space(LIVE)), SETTINGS)
    assert (measured.name, measured.verdict) == ("neighbour_overlap", Verdict.PASSED)
    assert (measured.value, measured.threshold, measured.direction, measured.n) == (1, 0.2, "min", 60)
    # One neighbour in 20 documents, so that luck gives little.
    assert "3 nearest neighbours (n = 60; chance gives 5%)" in measured.message
    assert [m.name for m in beside] == [f"neighbour_overlap@{k}" for k in (5, 10, 50)]
    assert {m.severity for m in beside} == {"warning"}
    assert {row["overlap"] for row in details["neighbours_lost"]} == {1}


def test_documents_that_lost_their_neighbours_fail() -> None:
    (measured, *_), _ = judge_across_models(compared(LIVE, in_another_space(LIVE, replaced=60)), SETTINGS)
    assert measured.verdict is Verdict.FAILED
    assert "at least 20% is wanted" in measured.message


def test_the_floor_is_the_setting() -> None:
    given = compared(LIVE, in_another_space(LIVE, replaced=20))
    (measured, *_), _ = judge_across_models(given, SETTINGS)
    assert measured.value is not None
    for floor, verdict in ((measured.value, Verdict.PASSED), (measured.value + 0.001, Verdict.FAILED)):
        (again, *_), _ = judge_across_models(given, SETTINGS.model_copy(update={"min_neighbour_overlap": floor}))
        assert again.verdict is verdict


def test_the_documents_that_lost_most_are_listed_first_with_their_titles() -> None:
    replaced = list(dict.fromkeys(LIVE.doc_ids))[:3]
    titles = {doc_id: f"About {doc_id}" for doc_id in replaced}
    _, details = judge_across_models(compared(LIVE, in_another_space(LIVE, replaced=3), titles), SETTINGS)
    lost = details["neighbours_lost"]
    assert len(lost) == LISTED
    assert {row["doc_id"] for row in lost[:3]} == set(replaced)
    assert {row["title"] for row in lost[:3]} == set(titles.values())
    assert lost[-1]["title"] == ""
    assert [row["overlap"] for row in lost] == sorted(row["overlap"] for row in lost)


@pytest.mark.parametrize(("n", "verdict"), [(19, Verdict.INCONCLUSIVE), (20, Verdict.PASSED)])
def test_fewer_than_twenty_documents_in_both_are_too_few(n: int, verdict: Verdict) -> None:
    """The other documents are in one of the versions only."""
    after = in_another_space(LIVE.rows(np.arange(3 * n)))
    (measured, *_), details = judge_across_models(compared(LIVE, after), SETTINGS)
    assert measured.verdict is verdict
    if verdict is Verdict.INCONCLUSIVE:
        assert f"{n} documents in both versions are too few" in measured.message
        assert details == {"neighbours_lost": []}
