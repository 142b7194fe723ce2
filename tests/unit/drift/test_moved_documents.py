"""The documents that a person should look at come first, with what live has that is nearest to them."""

import numpy as np

from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.drift.moved_documents import MovedDocument, added_documents, changed_documents
from kbgate.drift.nearest import NearestChunks
from kbgate.drift.paired import PairedSimilarities

NEW = ChunkVectors(np.zeros((5, 2), np.float32), np.array(["a", "a", "b", "c", "c"], dtype=object))
NEAREST = NearestChunks(
    np.array([0.9, 0.5, 0.2, np.nan, 0.4], np.float32), np.array(["x", "y", "z", "", "w"], dtype=object)
)


def test_added_documents_are_ordered_by_their_mean_similarity_to_live() -> None:
    assert added_documents({"b"}, NEW, NEAREST, {"c": "Title of c"}) == (
        MovedDocument("c", "Title of c", -0.3, "w"),
        MovedDocument("a", "", 0.7, "x"),
    )


def test_changed_documents_keep_the_order_of_their_pairs_and_name_the_nearest_live_document() -> None:
    paired = PairedSimilarities(np.array(["b", "a"], dtype=object), np.array([0.1, 0.8], np.float32))
    assert changed_documents(paired, NEW, NEAREST, {}) == (
        MovedDocument("b", "", 0.1, "z"),
        MovedDocument("a", "", 0.8, "x"),
    )


def test_the_lists_are_short() -> None:
    names = np.array([f"d{i:02}" for i in range(30)], dtype=object)
    new = ChunkVectors(np.zeros((30, 2), np.float32), names)
    nearest = NearestChunks(np.linspace(0, 1, 30, dtype=np.float32), names)
    listed = added_documents(set(), new, nearest, {})
    assert [document.doc_id for document in listed] == [f"d{i:02}" for i in range(20)]
