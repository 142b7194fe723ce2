"""Clusters of documents are found, named, and told apart by what they lost."""

import numpy as np
import pytest

from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.topics import find_topics


def corpus(seed: int = 1) -> tuple[ChunkVectors, dict[str, str]]:
    """Three topics of 12 documents with 3 chunks each, far apart."""
    random = np.random.default_rng(seed)
    vectors, doc_ids, titles = [], [], {}
    for topic, words in enumerate(("printer toner paper", "holiday leave payroll", "parking garage badge")):
        centre = np.eye(32)[topic]
        for number in range(12):
            name = f"{topic}-{number:02}"
            titles[name] = f"How the {words.split()[number % 3]} works"
            for _ in range(3):
                vector = centre + random.normal(scale=0.05, size=32)
                vectors.append(vector / np.linalg.norm(vector))
                doc_ids.append(name)
    return ChunkVectors(np.array(vectors, np.float32), np.array(doc_ids, dtype=object)), titles


def test_a_topic_that_left_comes_first_and_is_named_by_its_own_words() -> None:
    live, titles = corpus()
    lost = [f"1-{number:02}" for number in range(9)] + ["0-00"]
    topics = find_topics(live, titles, lost, seed=1, min_documents=5)
    assert len(topics) == 3
    assert topics[0].lost == tuple(f"1-{number:02}" for number in range(9))
    assert topics[0].lost_share == pytest.approx(0.75)
    assert set(topics[0].terms) == {"holiday", "leave", "payroll"}
    assert [topic.lost_share for topic in topics[1:]] == [pytest.approx(1 / 12), 0]


def test_the_order_of_chunks_changes_nothing() -> None:
    live, titles = corpus()
    mixed = live.rows(np.random.default_rng(5).permutation(len(live)))
    one, other = (find_topics(chunks, titles, ["1-00"], seed=1, min_documents=5) for chunks in (live, mixed))
    assert [set(topic.doc_ids) for topic in one] == [set(topic.doc_ids) for topic in other]


def test_small_clusters_and_small_versions_are_no_topics() -> None:
    live, titles = corpus()
    assert find_topics(live, titles, ["1-00"], seed=1, min_documents=13) == []
    assert find_topics(live.rows(np.zeros(len(live), bool)), titles, [], seed=1, min_documents=2) == []


def test_titles_without_words_leave_a_topic_nameless() -> None:
    live, titles = corpus()
    topics = find_topics(live, dict.fromkeys(titles, "123"), ["1-00"], seed=1, min_documents=5)
    assert {topic.terms for topic in topics} == {()}
