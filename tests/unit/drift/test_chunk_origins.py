import numpy as np

from kbgate.drift.chunk_origins import document_origins, together
from kbgate.drift.chunk_vectors import ChunkVectors


def chunks(*doc_ids: str) -> ChunkVectors:
    return ChunkVectors(np.eye(len(doc_ids), 4, dtype=np.float32), np.array(doc_ids, dtype=object))


def test_a_changed_document_is_there_twice_once_for_each_text():
    found = document_origins({"new": "1", "edited": "2", "same": "3"}, {"edited": "1", "same": "3", "gone": "4"})
    assert found == {"added": {"new"}, "changed": {"edited"}, "live": {"edited", "gone"}, "unchanged": {"same"}}


def test_without_live_everything_is_added():
    assert document_origins({"a": "1"}, {}) == {"added": {"a"}, "changed": set(), "live": set(), "unchanged": set()}


def test_a_sample_does_not_double_the_chunks_of_documents_that_are_there_in_full():
    assert together(chunks("a", "a"), chunks("b", "a", "c")).doc_ids.tolist() == ["a", "a", "b", "c"]
    assert together(chunks(), chunks("b")).doc_ids.tolist() == ["b"]
    assert together(chunks("a"), chunks()).doc_ids.tolist() == ["a"]
