"""A map of chunks in two dimensions, small enough for a page whatever the size of the knowledge base."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from kbgate.drift.chunk_origins import FRESH
from kbgate.drift.chunk_vectors import ChunkVectors

MAX_POINTS = 1500
MAX_BYTES = 280_000
POINT_BYTES = 120
"""A point's names, numbers and white space in an indented JSON file, without its id and title."""
TITLE_CHARS = 80
ID_CHARS = 200


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A chunk at (x, y), its origin (see `document_origins`), and the document it belongs to."""

    x: float
    y: float
    origin: str
    doc_id: str
    title: str


@dataclass(frozen=True, slots=True)
class ChunkMap:
    """The points in an order of chance, and the share of their variance that each axis keeps."""

    points: tuple[MapPoint, ...]
    explained_variance_ratio: tuple[float, float]


def chunk_map(chunks: Mapping[str, ChunkVectors], titles: Mapping[str, str], *, seed: int) -> ChunkMap:
    """Project a bounded sample of the chunks of each origin onto the two directions in which they differ most.

    Principal components of the shown vectors; the sign of an axis is such that its largest weight is positive. The order
    of the rows does not matter: a chunk is drawn by the hash of its document, its vector and `seed`. At most 1,500 points
    that come to 280 kB: half for added and changed chunks, a quarter for live's former ones, the rest for unchanged
    ones; what an origin does not fill is open to the others. Source: Pearson, Philosophical Magazine 2, 1901.

    Args:
        chunks: origin -> chunks, all of one embedding model.
        titles: document id -> title.
    """
    drawn = {origin: _in_random_order(origin, part, seed) for origin, part in chunks.items()}
    fresh = sorted(one for origin in FRESH for one in drawn.get(origin, ()))
    groups = (fresh, drawn.get("live", []), drawn.get("unchanged", []))
    limit = MAX_POINTS
    while True:
        chosen = _choose(groups, limit)
        labels = [_label(chunks[origin].doc_ids[row], titles) for _, origin, row in chosen]
        if (size := _bytes(labels)) <= MAX_BYTES:
            break
        limit = len(chosen) * MAX_BYTES // size
    places, ratio = _project(np.array([chunks[origin].vectors[row] for _, origin, row in chosen]))
    points = [
        MapPoint(x, y, origin, doc_id, title)
        for (_, origin, _), (doc_id, title), (x, y) in zip(chosen, labels, places, strict=True)
    ]
    return ChunkMap(tuple(points), ratio)


Drawn = tuple[bytes, str, int]
"""Hash, origin and row of a chunk."""


def _in_random_order(origin: str, chunks: ChunkVectors, seed: int) -> list[Drawn]:
    """The chunks by hash: an order that looks random and depends on the chunks alone."""
    salt = str(seed).encode()[:16]
    hashes = [
        blake2b(vector.tobytes() + doc_id.encode("utf-8", "replace"), digest_size=8, salt=salt).digest()
        for vector, doc_id in zip(chunks.vectors, chunks.doc_ids, strict=True)
    ]
    # A vector that is not a number has no place on a map.
    finite = np.isfinite(chunks.vectors).all(axis=1)
    return sorted((hashes[row], origin, row) for row in np.flatnonzero(finite).tolist())


def _choose(groups: Sequence[list[Drawn]], limit: int) -> list[Drawn]:
    """The first of each group up to its quota, mixed again, so that points of one origin do not hide the others."""
    fresh, live, unchanged = map(len, groups)
    quotas = [min(fresh, limit // 2), min(live, limit // 4), 0]
    for group, n in ((2, unchanged), (0, fresh), (1, live)):
        quotas[group] += min(n - quotas[group], limit - sum(quotas))
    return sorted(one for group, quota in zip(groups, quotas, strict=True) for one in group[:quota])


def _bytes(labels: list[tuple[str, str]]) -> int:
    return len(labels) * POINT_BYTES + len(json.dumps(labels, ensure_ascii=False).encode("utf-8", "replace"))


def _label(doc_id: str, titles: Mapping[str, str]) -> tuple[str, str]:
    return doc_id[:ID_CHARS], titles.get(doc_id, "")[:TITLE_CHARS]


def _project(vectors: NDArray[np.float32]) -> tuple[list[list[float]], tuple[float, float]]:
    """Coordinates rounded to 3 decimals; an axis along which nothing differs is 0."""
    from sklearn.decomposition import PCA

    n = len(vectors)
    places, ratio = np.zeros((n, 2)), np.zeros(2)
    if n > 1 and np.ptp(vectors, axis=0).any():
        model = PCA(n_components=min(2, *vectors.shape), svd_solver="full")
        found = model.fit_transform(vectors.astype(np.float64))
        places[:, : found.shape[1]] = found
        ratio[: found.shape[1]] = model.explained_variance_ratio_
    # Adding 0 turns -0.0 into 0.0.
    return (places.round(3) + 0.0).tolist(), (round(float(ratio[0]), 4), round(float(ratio[1]), 4))
