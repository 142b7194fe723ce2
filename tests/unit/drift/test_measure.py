"""All measurements of a batch; cosines are refused between two models."""

from dataclasses import replace

import numpy as np
import pytest

from clustered_vectors import clustered, joined
from kbgate.drift.measure import DriftInput, measure_across_models, measure_drift
from kbgate.drift.nearest import nearest_chunks
from kbgate.errors import UsageError
from kbgate.sections.drift import DriftSettings

SETTINGS = DriftSettings(permutations=99)


def delta() -> DriftInput:
    """Ten added documents, and ten changed ones that are what they were."""
    live, added = clustered(60, 4, seed=1), clustered(10, 4, seed=2)
    changed = live.rows(np.arange(40))
    return DriftInput(
        new=joined(added, changed),
        live_sample=live,
        candidate_sample=joined(live, added),
        before=changed,
        after=changed,
        n_candidate_documents=70,
        same_fingerprint=True,
        key_intent_doc_ids={"pay": set(live.doc_ids[:12]), "unheard": {"nobody"}},
    )


def test_added_and_changed_documents_are_told_apart() -> None:
    given = delta()
    found = measure_drift(given, SETTINGS)
    assert {document.doc_id for document in found.changed} == set(given.before.doc_ids)
    assert {document.doc_id for document in found.added} == set(given.new.doc_ids[:40])
    assert found.paired.median == pytest.approx(1)
    assert found.centroid is not None
    assert found.centroid > 0.5


def test_key_intents_have_a_centroid_of_their_own_and_the_number_of_chunks_behind_it() -> None:
    found = measure_drift(delta(), SETTINGS).intent_centroids
    assert found["pay"] == (pytest.approx(1), 12)
    assert found["unheard"] == (None, 0)


def test_the_stores_answer_takes_the_place_of_an_own_search() -> None:
    given = delta()
    assert given.live_sample
    asked = nearest_chunks(given.new, given.live_sample, other_documents_only=False)
    own, stores = measure_drift(given, SETTINGS), measure_drift(replace(given, nearest=asked), SETTINGS)
    np.testing.assert_array_equal(own.nearest.similarities, stores.nearest.similarities)
    assert own.added == stores.added


def test_an_answer_for_other_chunks_is_refused() -> None:
    given = delta()
    asked = nearest_chunks(given.before, given.before, other_documents_only=False)
    with pytest.raises(UsageError, match="40 nearest chunks for 80 new chunks"):
        measure_drift(replace(given, nearest=asked), SETTINGS)


def test_cosines_between_two_fingerprints_are_refused() -> None:
    with pytest.raises(UsageError, match="two embedding fingerprints"):
        measure_drift(replace(delta(), same_fingerprint=False), SETTINGS)


def test_vectors_of_another_dimension_are_refused_even_if_the_fingerprint_is_said_to_be_the_same() -> None:
    with pytest.raises(UsageError, match="two embedding models"):
        measure_drift(replace(delta(), live_sample=clustered(60, 4, seed=1, dimension=8)), SETTINGS)


def test_without_live_there_is_nothing_to_measure() -> None:
    with pytest.raises(UsageError, match="no live version"):
        measure_drift(replace(delta(), live_sample=None), SETTINGS)


@pytest.mark.parametrize(("n_documents", "neighbours"), [(19, None), (20, 1), (100, 5), (400, 10)])
def test_few_documents_have_few_neighbours_so_that_chance_stays_small(n_documents: int, neighbours: int | None) -> None:
    shared = clustered(n_documents, 1, seed=1)
    found, _ = measure_across_models(replace(delta(), before=shared, after=shared), SETTINGS)
    if neighbours is None:
        assert found.mean is None
    else:
        assert found.neighbours == neighbours
        assert found.chance is not None
        assert found.chance <= 0.055
