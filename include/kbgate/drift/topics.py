"""Topics of a version: clusters of its documents' vectors, named by the words of their titles."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from kbgate.drift.chunk_vectors import ChunkVectors, document_means

MAX_TOPICS = 100
DOCUMENTS_A_TOPIC = 12
"""Aimed at: a topic of a help centre; the clusters that come out are larger and smaller."""
TERMS = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """One cluster: its documents, those of them that left, and the words that set its titles apart."""

    doc_ids: tuple[str, ...]
    lost: tuple[str, ...]
    terms: tuple[str, ...]

    @property
    def lost_share(self) -> float:
        """Share of the topic's documents that left, in [0, 1]."""
        return len(self.lost) / len(self.doc_ids)


def find_topics(
    live: ChunkVectors, titles: Mapping[str, str], lost: Collection[str], *, seed: int, min_documents: int
) -> list[Topic]:
    """Cluster live's documents and tell how many of each cluster are among `lost`; the worst hit first.

    K-means on the unit mean vectors of the documents (scikit-learn; on unit vectors it minimises 1 - cosine), one cluster
    for about 12 documents, at most 100, seeded. Clusters below `min_documents` are left out. A topic's terms are the words
    of its titles with the highest TF-IDF against the other topics.
    """
    from sklearn.cluster import KMeans

    documents = document_means(live)
    n_clusters = min(MAX_TOPICS, math.ceil(len(documents) / DOCUMENTS_A_TOPIC))
    if not len(documents) or len(documents) < min_documents:
        return []
    labels = KMeans(n_clusters, n_init=4, random_state=seed).fit_predict(documents.vectors)
    gone, topics = set(lost), []
    members = [documents.doc_ids[labels == cluster].tolist() for cluster in range(n_clusters)]
    terms = _terms([" ".join(titles.get(doc_id, "") for doc_id in doc_ids) for doc_ids in members])
    for doc_ids, words in zip(members, terms, strict=True):
        if len(doc_ids) >= min_documents:
            topics.append(Topic(tuple(doc_ids), tuple(d for d in doc_ids if d in gone), words))
    return sorted(topics, key=lambda topic: (-topic.lost_share, topic.doc_ids))


def _terms(texts: list[str]) -> list[tuple[str, ...]]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    # Letters only, two or more; where words are not separated (Chinese) a run of characters stands for a word.
    vectorizer = TfidfVectorizer(token_pattern=r"[^\W\d_]{2,}", sublinear_tf=True)
    try:
        weights = vectorizer.fit_transform(texts)
    except ValueError:  # no title holds a word
        return [()] * len(texts)
    names = vectorizer.get_feature_names_out()
    found = []
    for row in weights:
        values = np.asarray(row.todense()).ravel()
        best = np.argsort(-values, kind="stable")[:TERMS]
        found.append(tuple(str(names[column]) for column in best if values[column] > 0))
    return found
