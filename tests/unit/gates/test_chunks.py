from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgate.gates.chunks import ChunkGate, judge_chunks
from kbgate.quality.profile import ChunkProfile, DocumentProfile, profile_chunks, profile_lengths
from kbgate.results import Measurement, Verdict
from kbgate.sections.quality import QualitySettings

SETTINGS = QualitySettings()


def chunks(n_documents: int = 40, mean: float = 150, seed: int = 1, per_document: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for d in range(n_documents):
        for position in range(per_document):
            n_tokens = int(np.clip(rng.normal(mean, 20), 20, 240))
            rows.append((f"c{d}-{position}", f"d{d}", position, 0, 9, f"passage {position} of document {d}", n_tokens))
    return pd.DataFrame(rows, columns=["chunk_id", "doc_id", "position", "start", "end", "text", "n_tokens"])


def live(frame: pd.DataFrame, size: int = 240) -> DocumentProfile:
    profile: ChunkProfile = profile_chunks(frame, size)
    lengths = profile_lengths(frame["n_tokens"])
    return DocumentProfile(
        n_documents=profile.n_documents, tokens=lengths, unknown_token_share=0, languages={"en": 1}, chunks=profile
    )


def judge(frame: pd.DataFrame, reference: DocumentProfile | None = None, **others: object) -> ChunkGate:
    chars = frame.groupby("doc_id")["end"].max() if len(frame) else pd.Series(dtype="int64")
    arguments = {"chunk_size_tokens": 240, "max_model_tokens": 254, "document_chars": chars, **others}
    return judge_chunks(chunks=frame, settings=SETTINGS, reference=reference, **arguments)


def measured(gate: ChunkGate, name: str) -> Measurement:
    return next(m for m in gate.result.measurements if m.name == name)


def failed(gate: ChunkGate) -> list[str]:
    return [m.name for m in gate.result.failed_measurements]


def changed(column: str, values: Sequence[object]) -> pd.DataFrame:
    """Clean chunks whose first rows have other values in one column."""
    frame = chunks()
    frame.loc[frame.index[: len(values)], column] = values
    return frame


def test_clean_chunks_pass_against_live_and_wait_for_a_reference_without():
    assert judge(chunks(), live(chunks(seed=2))).result.verdict is Verdict.PASSED
    first = judge(chunks())
    assert first.result.verdict is Verdict.INCONCLUSIVE
    assert first.result.needs_reference
    assert failed(first) == ["chunk_token_mean_shift"]


@pytest.mark.parametrize(
    ("column", "values", "name"),
    [
        ("text", [" \n"], "empty_chunk"),
        ("n_tokens", [5] * 20, "short_chunk"),
        ("n_tokens", [241], "long_chunk"),
        ("n_tokens", [255], "truncated_chunk"),
        ("chunk_id", ["c9-1"], "doubled_chunk_id"),
    ],
)
def test_each_rule_stops_its_own_spoilt_chunks(column, values, name):
    gate = judge(changed(column, values), live(chunks(seed=2)))
    assert gate.result.verdict is Verdict.FAILED
    assert name in failed(gate)
    assert gate.result.details["examples"][name]
    assert measured(gate, name).ci_low < measured(gate, name).value


def test_boilerplate_in_three_documents_is_counted_and_limited():
    frame = chunks()
    first = frame["position"] == 0
    frame.loc[first & frame["doc_id"].isin(["d1", "d2"]), "text"] = "Copyright notice"
    assert measured(judge(frame), "boilerplate_chunk").value == 0
    frame.loc[first & frame["doc_id"].isin([f"d{i}" for i in range(20)]), "text"] = ["Copyright\n notice"] * 20
    assert measured(judge(frame), "boilerplate_chunk").value == pytest.approx(20 / 160)
    assert "boilerplate_chunk" in failed(judge(frame))


def test_a_document_that_is_itself_short_is_not_blamed():
    short = chunks(n_documents=60, per_document=1)
    short["n_tokens"] = 8
    m = measured(judge(short), "short_chunk")
    assert (m.verdict, m.value, m.n) == (Verdict.PASSED, None, 0)


def test_the_articles_shorter_chunks_fail_against_live():
    gate = judge(chunks(mean=105), live(chunks(mean=150, seed=2)))
    assert "chunk_token_mean_shift" in failed(gate)
    assert measured(gate, "chunk_token_mean_shift").value == pytest.approx(0.3, abs=0.03)


def test_much_shorter_chunks_fail_a_nightly_ingest_even_if_the_settings_say_so():
    gate = judge(chunks(mean=105), live(chunks(mean=200, seed=2)), chunk_size_tokens=140)
    assert "chunk_token_mean_shift" in failed(gate)
    assert "The chunk size was changed from 240 to 140 tokens." in gate.result.message
    assert "kb_hotfix_reindex" in gate.result.message


def test_another_chunk_size_is_only_a_warning_in_a_hotfix():
    gate = judge(chunks(mean=105), live(chunks(mean=200, seed=2)), chunk_size_tokens=140, is_hotfix=True)
    m = measured(gate, "chunk_token_mean_shift")
    assert (m.severity, m.verdict) == ("warning", Verdict.FAILED)
    assert "chunk_token_mean_shift" not in failed(gate)
    assert "The chunk size was changed from 240 to 140 tokens." in gate.result.message


def test_chunks_of_few_documents_are_not_judged_for_length():
    gate = judge(chunks(n_documents=29, mean=60), live(chunks(mean=150)))
    assert gate.result.verdict is Verdict.PASSED
    assert "29 documents, 30 are wanted" in measured(gate, "chunk_token_mean_shift").message


def test_short_new_documents_do_not_make_a_shift_beside_the_chunks_that_live_keeps():
    kept = chunks(n_documents=300, seed=3).assign(doc_id=lambda f: "kept-" + f["doc_id"])
    short = chunks(mean=90)
    assert "chunk_token_mean_shift" in failed(judge(short, live(chunks(seed=2))))
    assert "chunk_token_mean_shift" not in failed(judge(short, live(chunks(seed=2)), kept_chunks=kept))
    assert "chunk_token_mean_shift" in failed(judge(short, live(chunks(seed=2)), kept_chunks=kept.head(40)))


def test_the_profile_covers_the_chunks_kept_from_live():
    kept = chunks(n_documents=100, seed=3).assign(doc_id=lambda f: "kept-" + f["doc_id"])
    gate = judge(chunks(n_documents=2), live(chunks()), kept_chunks=kept)
    assert gate.profile.tokens.n == 408
    assert gate.profile.n_documents == 102
    assert gate.result.details["n_kept_chunks"] == 400


def test_no_chunks_never_pass_unless_live_keeps_its_own():
    nothing = chunks().iloc[:0]
    assert judge(nothing, live(chunks())).result.verdict is Verdict.INCONCLUSIVE
    assert not judge(nothing).result.needs_reference
    assert judge(nothing, live(chunks()), kept_chunks=chunks()).result.verdict is Verdict.PASSED


def test_text_that_no_chunk_holds_fails() -> None:
    frame = chunks()
    gate = judge(frame, document_chars=frame.groupby("doc_id")["end"].max() * 2)
    assert measured(gate, "uncovered_text_share").verdict is Verdict.FAILED
    assert measured(judge(frame), "uncovered_text_share").verdict is Verdict.PASSED


@settings(max_examples=10, deadline=None)
@given(order=st.randoms(use_true_random=False), mean=st.sampled_from([150, 90]))
def test_neither_the_order_of_chunks_nor_the_names_of_documents_change_a_verdict(order, mean):
    frame = chunks(mean=mean)
    expected = judge(frame, live(chunks(seed=2)))
    names = [f"d{number}" for number in range(40)]
    renamed = dict(zip(names, order.sample(names, 40), strict=True))
    rows = order.sample(range(len(frame)), len(frame))
    gate = judge(frame.iloc[rows].assign(doc_id=lambda rows: rows["doc_id"].map(renamed)), live(chunks(seed=2)))
    assert gate.result.verdict is expected.result.verdict is (Verdict.PASSED if mean == 150 else Verdict.FAILED)
    assert failed(gate) == failed(expected)
    assert [m.value for m in gate.result.measurements] == pytest.approx(
        [m.value for m in expected.result.measurements], abs=1e-9, nan_ok=True
    )


def test_a_batch_of_chunks_that_was_written_twice_fails():
    twice = pd.concat([chunks(), chunks()], ignore_index=True)
    assert "doubled_chunk_id" in failed(judge(twice, live(chunks(seed=2))))
