import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustered_vectors import clustered
from kbgate.drift.chunk_map import MAX_BYTES, MAX_POINTS, chunk_map
from kbgate.drift.chunk_vectors import ChunkVectors

PARTS = {
    "added": clustered(20, 3, 1),
    "changed": clustered(10, 3, 2),
    "live": clustered(10, 3, 3),
    "unchanged": clustered(100, 3, 4),
}


def shuffled(chunks: ChunkVectors, seed: int) -> ChunkVectors:
    return chunks.rows(np.random.default_rng(seed).permutation(len(chunks)))


def many(n: int, seed: int) -> ChunkVectors:
    return clustered(n, 1, seed, dimension=4)


def origins(**sizes: int) -> Counter[str]:
    parts = {origin: many(n, seed) for seed, (origin, n) in enumerate(sizes.items())}
    return Counter(point.origin for point in chunk_map(parts, {}, seed=1).points)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_rows_and_of_origins_does_not_matter(seed):
    other = {origin: shuffled(PARTS[origin], seed) for origin in reversed(PARTS)}
    assert chunk_map(other, {}, seed=1) == chunk_map(PARTS, {}, seed=1)


def test_every_chunk_is_shown_while_there_is_room_and_named():
    doc_id = str(PARTS["added"].doc_ids[0])
    found = chunk_map(PARTS, {doc_id: "x" * 100}, seed=1)
    assert Counter(point.origin for point in found.points) == {origin: len(part) for origin, part in PARTS.items()}
    assert {point.title for point in found.points if point.doc_id == doc_id} == {"x" * 80}


def test_the_places_are_those_of_a_singular_value_decomposition():
    found = chunk_map(PARTS, {}, seed=1)
    vectors = np.vstack([part.vectors for part in PARTS.values()]).astype(np.float64)
    scale = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)
    places = np.array([(point.x, point.y) for point in found.points])
    np.testing.assert_allclose(np.linalg.norm(places, axis=0), scale[:2], atol=0.01)
    np.testing.assert_allclose(found.explained_variance_ratio, scale[:2] ** 2 / (scale**2).sum(), atol=1e-4)
    assert np.array_equal(places, places.round(3))


def test_new_material_gets_half_of_a_full_map_and_former_chunks_a_quarter():
    assert origins(added=3000, changed=3000, live=3000, unchanged=3000).total() == MAX_POINTS
    found = origins(added=3000, changed=3000, live=3000, unchanged=3000)
    assert (found["added"] + found["changed"], found["live"], found["unchanged"]) == (750, 375, 375)


def test_a_few_new_chunks_are_all_shown_beside_many_old_ones():
    assert origins(added=7, unchanged=9000) == {"added": 7, "unchanged": 1493}


def test_room_that_others_leave_is_used():
    assert origins(added=9000) == {"added": 1500}
    assert origins(added=9000, live=300, unchanged=100) == {"added": 1100, "live": 300, "unchanged": 100}
    assert origins(added=10, live=9000) == {"added": 10, "live": 1490}


def test_another_seed_draws_other_chunks():
    drawn = [{p.doc_id for p in chunk_map({"added": many(4000, 5)}, {}, seed=seed).points} for seed in (1, 2)]
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("title", ["知識庫" * 60, "\x00" * 100, "plain"])
def test_the_file_stays_small_whatever_the_names(title):
    parts = {origin: many(3000, seed) for seed, origin in enumerate(("added", "unchanged"))}
    titles = {str(doc_id): title for part in parts.values() for doc_id in part.doc_ids}
    found = chunk_map(parts, titles, seed=1)
    written = json.dumps(asdict(found), indent=2, sort_keys=True, ensure_ascii=False).encode()
    assert len(written) < 300_000
    assert len(found.points) == MAX_POINTS or len(written) > 0.9 * MAX_BYTES
    assert Counter(point.origin for point in found.points)["added"] == len(found.points) // 2


def test_a_name_longer_than_the_file_may_be_is_cut():
    part = ChunkVectors(np.eye(3, dtype=np.float32), np.array(["a" * 400_000, "b", "c"], dtype=object))
    assert max(len(point.doc_id) for point in chunk_map({"added": part}, {}, seed=1).points) == 200


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_few_or_equal_chunks_lie_in_the_middle(n):
    part = ChunkVectors(np.tile(np.float32([0.6, 0.8, 0]), (n, 1)), np.array(["a"] * n, dtype=object))
    found = chunk_map({"added": part}, {}, seed=1)
    assert [(point.x, point.y) for point in found.points] == [(0, 0)] * n
    assert found.explained_variance_ratio == (0, 0)


def test_vectors_of_one_dimension_have_one_axis():
    part = ChunkVectors(np.float32([[1], [-1], [1]]), np.array(["a", "b", "c"], dtype=object))
    found = chunk_map({"added": part}, {}, seed=1)
    assert {point.y for point in found.points} == {0}
    assert found.explained_variance_ratio == (1, 0)


def test_a_vector_that_is_not_a_number_is_left_out():
    part = ChunkVectors(np.float32([[1, 0], [0, 1], [np.nan, 1]]), np.array(["a", "b", "c"], dtype=object))
    assert {point.doc_id for point in chunk_map({"added": part}, {}, seed=1).points} == {"a", "b"}
