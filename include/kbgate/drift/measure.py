"""Everything the drift gate looks at, measured in one go."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from kbgate.drift.centroid import centroid_similarity
from kbgate.drift.chunk_vectors import ChunkVectors, sum_by_document
from kbgate.drift.low_similarity import LowSimilarityShare, low_similarity_share
from kbgate.drift.moved_documents import MovedDocument, added_documents, changed_documents
from kbgate.drift.nearest import NearestChunks, nearest_chunks
from kbgate.drift.neighbourhood import NeighbourhoodOverlap, neighbourhood_overlaps
from kbgate.drift.paired import PairedSimilarities, paired_similarities, unrelated_similarity
from kbgate.drift.permutation import PermutationTest, centroid_distance, permute_documents
from kbgate.drift.query_similarity import QuerySimilarity
from kbgate.drift.self_duplicates import SelfDuplicates, self_duplicates
from kbgate.drift.share_interval import share_interval
from kbgate.drift.version_separability import VersionSeparability, version_separability
from kbgate.errors import UsageError
from kbgate.sections.drift import DriftSettings

DOCUMENTS_A_NEIGHBOUR = 20
REPORTED_NEIGHBOURS = (5, 10, 50)


@dataclass(frozen=True, slots=True, eq=False)
class DriftInput:
    """What the drift gate compares; every vector is float32 of unit length."""

    new: ChunkVectors
    """Chunks, in the candidate, of the documents that were added or changed."""
    live_sample: ChunkVectors | None
    """Chunks of live, all or a random sample; None if there is no live version."""
    candidate_sample: ChunkVectors
    """The same of the candidate."""
    before: ChunkVectors
    """Chunks, in live, of the changed documents; with another fingerprint, of (a sample of) all documents in both."""
    after: ChunkVectors
    """The same documents in the candidate."""
    n_candidate_documents: int
    """Documents of the candidate, to say how much of it is new."""
    same_fingerprint: bool
    """Whether one embedding model made both versions; without that no cosine between them is taken."""
    nearest: NearestChunks | None = None
    """For each row of `new` its nearest chunk of live, as the store's search (k = 1) found it; else `live_sample` is searched."""
    queries: QuerySimilarity | None = None
    """How near the golden queries' best chunks are in both versions; None without golden set or with two models."""
    key_intent_doc_ids: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Key intent -> documents that answer it."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Document id -> title, for the lists that a person reads."""


@dataclass(frozen=True, slots=True, eq=False)
class DriftMeasures:
    """Measurements within one embedding space; what could not be measured is None or empty."""

    centroid: float | None
    centroid_test: PermutationTest | None
    intent_centroids: dict[str, tuple[float | None, int]]
    """Key intent -> centroid similarity and the number of its chunks in the candidate's sample."""
    paired: PairedSimilarities
    unrelated: float | None
    """Median cosine of two different documents of live, the zero of the scale for `paired`."""
    separability: VersionSeparability | None
    """How well the new state of rewritten documents can be told from the old one."""
    nearest: NearestChunks
    low: LowSimilarityShare | None
    changed: tuple[MovedDocument, ...]
    """Changed documents that moved most from their former selves."""
    added: tuple[MovedDocument, ...]
    """Added documents that lie farthest from live."""


@dataclass(frozen=True, slots=True, eq=False)
class DuplicateMeasures:
    """Near-copies within the new material; needs no live version."""

    duplicates: SelfDuplicates
    interval: tuple[float, float] | None


def measure_drift(given: DriftInput, settings: DriftSettings) -> DriftMeasures:
    """Compare candidate and live within one embedding space.

    Raises:
        UsageError: two embedding models made them, or there is no live version.
    """
    if not given.same_fingerprint:
        raise UsageError(
            "Candidate and live come from two embedding fingerprints, so a cosine between them means nothing. "
            "Compare the neighbourhoods of their documents instead (measure_across_models)."
        )
    live, new = given.live_sample, given.new
    if live is None:
        raise UsageError(
            "There is no live version to measure drift against. Leave the measurement out on a first ingest."
        )
    if given.nearest is not None and len(given.nearest) != len(new):
        raise UsageError(
            f"There are {len(given.nearest)} nearest chunks for {len(new)} new chunks. Wanted: one for each, in the same order."
        )
    nearest = given.nearest or nearest_chunks(new, live, other_documents_only=False)
    paired = paired_similarities(given.before, given.after)
    return DriftMeasures(
        centroid=centroid_similarity(given.candidate_sample, live),
        centroid_test=_centroid_test(new, live, settings),
        intent_centroids=_intent_centroids(given, live),
        paired=paired,
        unrelated=unrelated_similarity(live, seed=settings.seed),
        separability=version_separability(
            given.before, given.after, paired, settings.moved_similarity, seed=settings.seed
        ),
        nearest=nearest,
        low=low_similarity_share(
            new,
            live,
            quantile=settings.low_quantile,
            permutations=settings.permutations,
            seed=settings.seed,
            similarity=settings.low_similarity,
        ),
        changed=changed_documents(paired, new, nearest, given.titles),
        added=added_documents(set(paired.doc_ids), new, nearest, given.titles),
    )


def measure_duplicates(given: DriftInput, settings: DriftSettings) -> DuplicateMeasures:
    """Look for near-copies between different documents of the new material."""
    found = self_duplicates(
        given.new, settings.self_duplicate_similarity, max_examined=settings.sample_chunks, seed=settings.seed
    )
    return DuplicateMeasures(found, share_interval(found.is_duplicate, found.doc_ids))


def measure_across_models(
    given: DriftInput, settings: DriftSettings
) -> tuple[NeighbourhoodOverlap, tuple[NeighbourhoodOverlap, ...]]:
    """Compare the neighbourhoods of the documents that both versions have: what is judged, and what is reported beside.

    Judged is `settings.neighbours`, but at most one in 20 of the documents counts as a neighbour, so that chance gives no
    more than about 0.05; below 20 documents the result is empty. Reported are 5, 10 and 50, whatever chance gives.
    """
    n_shared = len(set(given.before.doc_ids) & set(given.after.doc_ids))
    judged = min(settings.neighbours, n_shared // DOCUMENTS_A_NEIGHBOUR)
    found, *reported = neighbourhood_overlaps(given.before, given.after, (judged, *REPORTED_NEIGHBOURS))
    return found, tuple(each for each in reported if len(each))


def _centroid_test(new: ChunkVectors, live: ChunkVectors, settings: DriftSettings) -> PermutationTest | None:
    if not len(new) or not len(live):
        return None
    return permute_documents(
        sum_by_document(new.vectors, new.doc_ids),
        sum_by_document(live.vectors, live.doc_ids),
        centroid_distance,
        permutations=settings.permutations,
        seed=settings.seed,
    )


def _intent_centroids(given: DriftInput, live: ChunkVectors) -> dict[str, tuple[float | None, int]]:
    found = {}
    for intent in sorted(given.key_intent_doc_ids):
        doc_ids = given.key_intent_doc_ids[intent]
        ours = given.candidate_sample.of_documents(doc_ids)
        found[intent] = (centroid_similarity(ours, live.of_documents(doc_ids)), len(ours))
    return found


def all_finite(chunks: ChunkVectors) -> bool:
    """Whether every vector holds numbers only."""
    return bool(np.isfinite(chunks.vectors).all())
