from itertools import count

import numpy as np
import pytest

from kbgate.embedders.cached_embedder import CachedEmbedder, EmbedStats
from kbgate.embedders.hashing_for_tests_only import HashingForTestsOnlyEmbedder
from kbgate.embedders.vector_cache import VectorCache
from kbgate.sections.embedder import EmbedderSettings


class RecordingEmbedder(HashingForTestsOnlyEmbedder):
    """Remembers what it was asked to embed, and dies after `dies_after` calls."""

    def __init__(self, dies_after: int | None = None, **settings) -> None:
        super().__init__(EmbedderSettings(**settings))
        self.calls: list[list[str]] = []
        self._dies_after = dies_after

    def _embed(self, prefix, texts):
        if len(self.calls) == self._dies_after:
            raise KeyboardInterrupt
        self.calls.append(list(texts))
        return super()._embed(prefix, texts)


class TurnedEmbedder(RecordingEmbedder):
    """Another model under the same fingerprint, as after a library or weights changed unseen."""

    def _embed(self, prefix, texts):
        return np.roll(super()._embed(prefix, texts), 1, axis=1)


def probed(embedder, cache) -> CachedEmbedder:
    return CachedEmbedder(embedder, cache, probe_sentences=["a probe", "and another one"])


@pytest.fixture
def cache(tmp_path) -> VectorCache:
    return VectorCache(tmp_path / "cache")


def test_vectors_are_those_of_the_embedder_in_order_cold_and_warm(cache):
    texts = ["b", "a", "c", "a"]
    expected = RecordingEmbedder().embed_passages(texts)
    cached = CachedEmbedder(RecordingEmbedder(), cache)
    assert np.array_equal(cached.embed_passages(texts)[0], expected)
    assert np.array_equal(cached.embed_passages(texts[::-1])[0], expected[::-1])


def test_no_text_is_embedded_twice_not_in_one_call_and_not_in_another_process(cache):
    first = RecordingEmbedder()
    _, stats = CachedEmbedder(first, cache).embed_passages(["a", "b", "a"])
    assert first.calls == [["a", "b"]]
    assert (stats.n_texts, stats.n_cache_hits, stats.n_embedded, stats.n_repeated) == (3, 0, 2, 1)
    second = RecordingEmbedder()
    _, stats = CachedEmbedder(second, cache).embed_passages(["a", "c", "a", "b"])
    assert second.calls == [["c"]]
    assert (stats.n_texts, stats.n_cache_hits, stats.n_embedded, stats.n_repeated) == (4, 3, 1, 0)


def test_the_saving_is_hits_times_measured_seconds_of_an_embedded_text(cache):
    clock = count().__next__
    cached = CachedEmbedder(RecordingEmbedder(), cache, clock=lambda: float(clock()))
    cached.embed_passages(["a", "b", "c"])
    # The clock ticks once a look: start, before and after the one step of two texts, end.
    _, stats = cached.embed_passages(["a", "b", "c", "d", "e"])
    assert stats == EmbedStats(5, 3, 2, seconds=3.0, embedding_seconds=1.0)
    assert stats.seconds_saved == 1.5


def test_the_weights_are_loaded_for_a_missing_text_only_and_not_counted_as_embedding(cache):
    seconds = count().__next__
    now = [0.0]

    class SlowToLoad(RecordingEmbedder):
        def load(self):
            now[0] += 100
            self.loaded = True

    def clock():
        return now[0] + seconds()

    embedder = SlowToLoad()
    _, stats = CachedEmbedder(embedder, cache, clock=clock).embed_passages(["a"])
    assert (stats.seconds, stats.embedding_seconds) == (103, 1)
    again = SlowToLoad()
    CachedEmbedder(again, cache).embed_passages(["a"])
    assert not hasattr(again, "loaded")


def test_the_saving_is_unknown_when_nothing_was_embedded(cache):
    cached = CachedEmbedder(RecordingEmbedder(), cache)
    cached.embed_passages(["a"])
    _, stats = cached.embed_passages(["a"])
    assert (stats.n_cache_hits, stats.n_embedded, stats.seconds_saved) == (1, 0, None)


def test_a_killed_run_keeps_every_finished_step(cache):
    texts = [f"text {n}" for n in range(1300)]
    with pytest.raises(KeyboardInterrupt):
        CachedEmbedder(RecordingEmbedder(dies_after=2), cache).embed_passages(texts)
    _, stats = CachedEmbedder(RecordingEmbedder(), cache).embed_passages(texts)
    assert (stats.n_cache_hits, stats.n_embedded) == (1024, 276)


def test_progress_counts_texts_up_to_all_of_them(cache):
    seen: list[tuple[int, int]] = []
    texts = [f"text {n}" for n in range(600)] + ["text 0"]
    CachedEmbedder(RecordingEmbedder(), cache).embed_passages(texts, lambda done, total: seen.append((done, total)))
    assert seen == [(0, 601), (513, 601), (601, 601)]


def test_queries_and_passages_with_different_prefixes_do_not_share_vectors(cache):
    embedder = RecordingEmbedder(query_prefix="query: ", passage_prefix="passage: ")
    cached = CachedEmbedder(embedder, cache)
    query, _ = cached.embed_queries(["cost"])
    passage, _ = cached.embed_passages(["cost"])
    assert not np.allclose(query, passage)
    _, stats = cached.embed_queries(["cost"])
    assert stats.n_cache_hits == 1


def test_another_fingerprint_never_gets_the_cached_vector(cache):
    CachedEmbedder(RecordingEmbedder(), cache).embed_passages(["a"])
    _, stats = CachedEmbedder(RecordingEmbedder(max_tokens=99), cache).embed_passages(["a"])
    assert stats.n_embedded == 1


def test_vectors_of_another_model_with_the_same_fingerprint_are_never_used(cache):
    wrong = probed(TurnedEmbedder(), cache)
    wrong.embed_passages(["a", "b"])
    wrong.embed_queries(["a question"])
    right = probed(RecordingEmbedder(), cache)
    assert right.probe() is True
    for embed in (right.embed_passages, right.embed_queries):
        vectors, stats = embed(["a", "b", "a question"])
        assert np.array_equal(vectors, RecordingEmbedder().embed_passages(["a", "b", "a question"]))
    assert stats.n_cache_hits == 3, "what the right model embedded is found again"


def test_a_wrong_model_is_found_out_by_the_first_text_that_the_cache_lacks(cache):
    probed(TurnedEmbedder(), cache).embed_passages(["a"])
    vectors, stats = probed(RecordingEmbedder(), cache).embed_passages(["a", "b"])
    assert np.array_equal(vectors, RecordingEmbedder().embed_passages(["a", "b"]))
    assert stats.n_embedded == 2


def test_after_a_wrong_model_the_vectors_of_the_right_one_are_found_again(cache):
    probed(RecordingEmbedder(), cache).embed_passages(["a"])
    assert probed(TurnedEmbedder(), cache).embed_passages(["a", "b"])[1].n_embedded == 2
    right = probed(RecordingEmbedder(), cache)
    assert right.probe()
    assert right.embed_passages(["a"])[1].n_cache_hits == 1


def test_the_same_model_finds_its_vectors_without_being_loaded(cache):
    first = probed(RecordingEmbedder(), cache)
    assert not first.probe()
    first.embed_passages(["a"])
    again = RecordingEmbedder()
    assert probed(again, cache).embed_passages(["a"])[1].n_cache_hits == 1
    assert again.calls == []
    assert not probed(again, cache).probe()


def test_rounding_by_another_processor_is_not_another_model(cache):
    class Rounding(RecordingEmbedder):
        def _embed(self, prefix, texts):
            vectors = super()._embed(prefix, texts)
            vectors += np.random.default_rng(0).normal(scale=1e-4, size=vectors.shape).astype(np.float32)
            return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    probed(RecordingEmbedder(), cache).embed_passages(["a"])
    other = probed(Rounding(), cache)
    assert not other.probe()
    assert other.embed_passages(["a"])[1].n_cache_hits == 1


def test_no_texts_give_an_empty_array(cache):
    vectors, stats = CachedEmbedder(RecordingEmbedder(), cache).embed_passages([])
    assert vectors.shape == (0, 256)
    assert stats.n_texts == 0
