import pytest

from document_batches import SETTINGS, batch_of
from kbgate.gates.document_lengths import allowed_batch_change, measure_lengths
from kbgate.results import Measurement, Verdict

LIVE = [100, 200] * 50
"""Mean 150, standard deviation 50."""


def found(*args, **kwargs) -> dict[str, Measurement]:
    return {m.name: m for m in measure_lengths(batch_of(*args, **kwargs))}


def test_a_whole_corpus_may_move_by_the_setting_and_a_small_one_by_chance_too() -> None:
    assert allowed_batch_change(batch_of(LIVE, LIVE)) == pytest.approx(SETTINGS.max_token_mean_shift * 150)
    # z(0.999) * 50 * sqrt(1 / 100 + 1 / 10)
    assert allowed_batch_change(batch_of(LIVE[:10], LIVE)) == pytest.approx(51.24, abs=0.01)


@pytest.mark.parametrize(
    "batch",
    [batch_of(LIVE), batch_of(LIVE[:29], LIVE, is_delta=True), batch_of([], LIVE), batch_of([9], LIVE, left_out=1)],
    ids=["no live", "small delta", "empty", "nothing goes on"],
)
def test_what_is_not_judged_on_its_own_has_no_allowed_change(batch) -> None:
    assert allowed_batch_change(batch) is None


def test_a_snapshot_has_its_distribution_held_to_live() -> None:
    same, longer = found(LIVE, LIVE), found([3 * n for n in LIVE], LIVE)
    assert set(same) == set(longer) == {"token_psi"}
    assert (same["token_psi"].verdict, same["token_psi"].value) == (Verdict.PASSED, pytest.approx(0))
    assert (longer["token_psi"].verdict, longer["token_psi"].n) == (Verdict.FAILED, 100)
    assert longer["token_psi"].advice.startswith("Find out what the export cut or added")


def test_a_small_delta_is_judged_by_the_corpus_it_leads_to() -> None:
    kept = found([9000] * 3, LIVE, [*LIVE, 150], is_delta=True)
    assert set(kept) == {"token_mean_shift", "corpus_token_mean_shift", "corpus_token_psi"}
    assert kept["token_mean_shift"].value is None
    assert "it has 3 documents, 30 are wanted" in kept["token_mean_shift"].message
    assert {m.verdict for m in kept.values()} == {Verdict.PASSED}
    spoilt = found([9000] * 3, LIVE, [*LIVE, *[9000] * 3], is_delta=True)
    assert spoilt["corpus_token_mean_shift"].verdict is Verdict.FAILED
    assert spoilt["corpus_token_mean_shift"].n == 103


def test_a_large_delta_is_judged_on_its_own_and_as_part_of_the_corpus() -> None:
    cut = found([20] * 30, LIVE, [*LIVE, *[20] * 2], is_delta=True)
    assert set(cut) == {"token_psi", "corpus_token_mean_shift", "corpus_token_psi"}
    assert cut["token_psi"].verdict is Verdict.FAILED
    assert cut["corpus_token_mean_shift"].verdict is Verdict.PASSED


def test_where_nothing_is_left_there_are_no_lengths_to_judge() -> None:
    assert found([], LIVE) == {}
    assert set(found([], LIVE, [], is_delta=True)) == {"token_mean_shift"}


def test_without_live_the_lengths_are_open() -> None:
    first = found(LIVE)
    assert set(first) == {"token_psi"}
    assert first["token_psi"].verdict is Verdict.INCONCLUSIVE
    lost_ledger = found(LIVE, LIVE, corpus=None, is_delta=True)
    assert lost_ledger["corpus_token_mean_shift"].verdict is Verdict.INCONCLUSIVE
    assert "corpus_token_psi" not in lost_ledger
