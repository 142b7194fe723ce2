"""What is proposed, what is not, and that the false alarms stated are those that come."""

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from kbgate.gates.judged_run import JudgedRun
from kbgate.gates.threshold_proposal import (
    FEWEST_RUNS,
    TOLERANCE,
    LimitProposal,
    ThresholdProposal,
    propose_thresholds,
)
from kbgate.gates.tolerance_bounds import count_bound, normal_bound
from kbgate.results import Verdict
from past_gates import PRESENT, documents_run, gate, measured, run

NIGHTLY = 30.0


def propose(
    accepted: Sequence[JudgedRun], held: Sequence[JudgedRun] = (), *, wanted: float = 1.0, a_month: float = NIGHTLY
) -> ThresholdProposal:
    return propose_thresholds(accepted, held, PRESENT, runs_a_month=a_month, alarms_a_month=wanted)


def row(proposal: ThresholdProposal, setting: str) -> LimitProposal:
    return next(limit for limit in proposal.limits if limit.setting == setting)


def of_shares(values: Sequence[float], name: str = "empty_text", n: int = 1000) -> list[JudgedRun]:
    return [documents_run(i, n=n, **{name: value}) for i, value in enumerate(values)]


def of_psi(values: Sequence[float]) -> list[JudgedRun]:
    return [run(i, gate("documents", measured("token_psi", value, 0.4))) for i, value in enumerate(values)]


@pytest.mark.parametrize("n", [0, 1, FEWEST_RUNS - 1])
def test_too_few_runs_keep_the_present_limit(n: int) -> None:
    proposal = propose(of_shares([0.001] * n))
    assert (proposal.alarms, proposal.n_left_out_beyond) == (None, None)
    assert {limit.advice for limit in proposal.limits} == {"too_few_runs", "not_learnt"}
    assert all(limit.proposed is None and limit.alarms is None for limit in proposal.limits)
    assert "keep the present limit" in row(proposal, "quality.max_empty_text_share").why


def test_a_setting_that_few_of_many_runs_measured_is_kept_too() -> None:
    runs = [*of_shares([0.001] * 30), *(documents_run(40 + i, mojibake=0.0) for i in range(5))]
    proposal = propose(runs)
    assert row(proposal, "quality.max_mojibake_share").advice == "too_few_runs"
    assert row(proposal, "quality.max_empty_text_share").advice == "tighten"


def test_a_spread_is_bounded_by_the_normal_tolerance_bound() -> None:
    values = [0.02 + 0.004 * (i % 7) for i in range(30)]
    found = row(propose(of_psi(values), wanted=0.1), "quality.max_token_psi")
    bound = normal_bound(values, 0.1 / NIGHTLY)
    assert bound > TOLERANCE * max(values)
    assert found.proposed == math.ceil(bound * 1000) / 1000
    assert (found.advice, found.method, found.worst) == ("tighten", "normal tolerance bound", max(values))
    assert found.tolerance == pytest.approx(found.proposed / max(values))


def test_the_limit_keeps_the_tolerance_from_the_worst_run() -> None:
    found = row(propose(of_psi([0.05] * 29 + [0.1])), "quality.max_token_psi")
    assert found.proposed is not None
    assert found.proposed >= TOLERANCE * 0.1
    same = row(propose(of_psi([0.1] * 30)), "quality.max_token_psi")
    assert (same.proposed, same.method) == (0.12, "1.2 x the worst run")


def test_with_runs_enough_for_it_the_limit_is_an_order_statistic() -> None:
    values = [0.001 * (i + 1) for i in range(93)]
    found = row(propose(of_psi(values), wanted=0.05 * NIGHTLY), "quality.max_token_psi")
    assert found.method == "1.2 x order statistic (1 of 93 beyond)"
    assert found.proposed == 0.12
    assert found.alarms is not None
    assert found.alarms.expected == pytest.approx(NIGHTLY * 2 / 94)


def test_shares_that_were_always_zero_leave_room_for_as_many_documents_as_chance_brings() -> None:
    found = row(propose(of_shares([0.0] * 30)), "quality.max_empty_text_share")
    assert found.proposed == count_bound([0] * 30, [1000] * 30, 1 / NIGHTLY)
    assert found.proposed >= 1 / 1000
    assert (found.advice, found.worst) == ("tighten", 0.0)


def test_nothing_is_proposed_below_the_share_of_one_document_of_the_smallest_batch() -> None:
    small = [documents_run(i, n=30 if i == 7 else 1000, empty_title=0.0) for i in range(30)]
    found = row(propose(small), "quality.max_empty_title_share")
    assert (found.advice, found.proposed) == ("keep", None)
    middle = [documents_run(i, n=200 if i == 7 else 1000, empty_title=0.0) for i in range(30)]
    assert (row(propose(middle), "quality.max_empty_title_share").proposed or 0) >= 1 / 200


def test_a_statistic_that_was_always_zero_teaches_nothing() -> None:
    found = row(propose(of_psi([0.0] * 30)), "quality.max_token_psi")
    assert (found.advice, found.proposed) == ("keep", None)
    assert "nothing is known of its spread" in found.why


def test_accepted_runs_never_loosen_a_limit_they_only_say_that_it_is_near() -> None:
    found = row(propose(of_psi([0.2] * 29 + [0.38])), "quality.max_token_psi")
    assert (found.advice, found.proposed) == ("too_near", 0.46)
    assert found.alarms is not None
    assert found.alarms.expected == pytest.approx(NIGHTLY / 31)
    wide = row(propose(of_psi([0.32 * (i % 2) for i in range(14)])), "quality.max_token_psi")
    assert (wide.advice, wide.proposed) == ("keep", None)


def test_floors_of_the_business_are_named_as_targets() -> None:
    recall = gate("recall", measured("recall_at_k", 0.99, 0.85, direction="min"))
    found = row(propose([run(i, recall) for i in range(30)]), "recall.min_recall")
    assert (found.advice, found.why, found.proposed) == ("not_learnt", "target, not learnt", None)


def test_a_floor_is_tightened_upwards() -> None:
    unrelated, values = 0.2, [0.95, 0.96, 0.97] * 10
    floor = unrelated + PRESENT["drift.min_paired_similarity"] * (1 - unrelated)
    runs = [
        run(i, gate("drift", measured("paired_similarity_median", v, floor, direction="min")))
        for i, v in enumerate(values)
    ]
    found = row(propose(runs), "drift.min_paired_similarity")
    worst = (0.95 - unrelated) / (1 - unrelated)
    assert found.advice == "tighten"
    assert found.proposed is not None
    assert PRESENT["drift.min_paired_similarity"] < found.proposed <= 1 - TOLERANCE * (1 - worst) + 1e-9
    assert found.worst == pytest.approx(worst)


def test_past_runs_that_a_limit_would_not_let_pass_are_counted() -> None:
    held = [documents_run(100 + i, empty_text=share) for i, share in enumerate((0.03, 0.4))]
    assert all(each.held for each in held)
    proposal = propose(of_shares([0.001] * 30), [*held, documents_run(200, mojibake=0.5)])
    found = row(proposal, "quality.max_empty_text_share")
    assert (found.n_accepted_beyond, found.n_held_beyond) == (0, 2)
    assert row(proposal, "quality.max_mojibake_share").n_held_beyond == 1
    assert proposal.n_held == 3


def test_more_wanted_alarms_never_give_a_looser_limit() -> None:
    rng = random.Random(2)
    values = [abs(rng.gauss(0.01, 0.004)) for _ in range(30)]
    limits = [row(propose(of_psi(values), wanted=w), "quality.max_token_psi").proposed for w in (0.01, 0.1, 1, 5)]
    assert limits == sorted(limits, key=lambda limit: -(limit or 0))
    assert limits[0] != limits[-1]


def test_what_only_warns_is_marked_and_counts_for_no_false_alarm_of_all() -> None:
    warned = [run(i, gate("documents", measured("markup", 0.0, 0.02, severity="warning", n=5000))) for i in range(30)]
    proposal = propose(warned)
    assert row(proposal, "quality.max_markup_share").only_warns
    assert proposal.n_left_out_beyond == 0


def test_the_false_alarms_of_all_limits_together_are_counted_by_leaving_each_run_out() -> None:
    """One run stands out in each of two measurements, so that without it both limits would be below it."""
    runs = [
        run(
            i,
            gate(
                "documents",
                measured("token_psi", 0.3 if i == 3 else 0.01, 0.4),
                measured("added_share", 0.4 if i == 8 else 0.01, 0.5),
            ),
        )
        for i in range(30)
    ]
    proposal = propose(runs)
    assert proposal.n_left_out_beyond == 2
    assert proposal.alarms is not None
    assert proposal.alarms.expected == pytest.approx(NIGHTLY * 2 / 30)
    assert proposal.alarms.low < proposal.alarms.expected < proposal.alarms.high


def test_the_order_of_runs_changes_nothing() -> None:
    rng = random.Random(4)
    runs = [
        documents_run(i, n=rng.randint(500, 900), empty_text=rng.choice([0, 0.002]), lost_share=rng.random() * 0.02)
        for i in range(30)
    ]
    shuffled = rng.sample(runs, len(runs))
    assert propose(runs) == propose(shuffled)


values = st.lists(st.floats(0, 0.4), max_size=40)


@given(values, st.floats(0.01, 1000), st.floats(0.001, 100))
@settings(max_examples=60, deadline=None)
def test_any_number_of_runs_gives_a_stricter_limit_a_near_one_or_none(
    psi: list[float], a_month: float, wanted: float
) -> None:
    found = row(propose(of_psi(psi), wanted=wanted, a_month=a_month), "quality.max_token_psi")
    if found.advice == "tighten":
        assert found.proposed is not None
        assert 0 < found.proposed < PRESENT["quality.max_token_psi"]
        assert found.n_accepted_beyond <= len(psi) // 2
    elif found.advice == "too_near":
        assert (found.proposed or 0) > PRESENT["quality.max_token_psi"]
    else:
        assert found.proposed is None
    if found.alarms:
        assert 0 <= found.alarms.low <= found.alarms.expected <= a_month + 1e-9
        assert found.alarms.high <= a_month + 1e-9


@pytest.mark.parametrize("sigma", [0.3, 1.2])
def test_the_stated_false_alarms_hold_for_skewed_measurements(sigma: float) -> None:
    """200 histories of 30 runs; the share of further runs beyond the proposed limit is known exactly."""
    rng, stated, truths, covered = np.random.default_rng(8), [], [], []
    scale = 0.002
    for _ in range(200):
        psi = np.minimum(scale * rng.lognormal(sigma=sigma, size=30), 0.39)
        found = row(propose(of_psi(psi.tolist()), a_month=1.0, wanted=0.05), "quality.max_token_psi")
        assert found.alarms is not None
        limit = found.proposed if found.advice == "tighten" and found.proposed else found.present
        truths.append(float(norm.sf(math.log(limit / scale) / sigma)))
        stated.append(found.alarms.expected)
        covered.append(truths[-1] <= found.alarms.high)
    assert np.mean(truths) <= np.mean(stated)
    assert np.mean(covered) >= 0.95


def test_the_interval_of_all_limits_together_covers_what_comes() -> None:
    """150 histories of 25 runs with three skewed measurements, each limit the tolerance above the worst run."""
    rng, names, covered, truths, estimates = (
        np.random.default_rng(9),
        ("malformed", "mojibake", "empty_title"),
        [],
        [],
        [],
    )
    sigma, scale = 1.0, 0.0001
    limits = dict(zip(names, ("max_malformed_share", "max_mojibake_share", "max_empty_title_share"), strict=True))
    for _ in range(150):
        table = scale * rng.lognormal(sigma=sigma, size=(25, 3))
        runs = [
            # So many rows that one of them is no share to speak of.
            documents_run(i, n=10**7, **dict(zip(names, row_values.tolist(), strict=True)))
            for i, row_values in enumerate(table)
        ]
        proposal = propose(runs, wanted=10)
        proposed = [row(proposal, f"quality.{limits[name]}") for name in names]
        inside = np.prod([norm.cdf(math.log((p.proposed or p.present) / scale) / sigma) for p in proposed])
        assert proposal.alarms is not None
        truths.append(NIGHTLY * float(1 - inside))
        estimates.append(proposal.alarms.expected)
        covered.append(proposal.alarms.low <= truths[-1] <= proposal.alarms.high)
    assert np.mean(covered) >= 0.93
    assert np.mean(estimates) == pytest.approx(np.mean(truths), rel=0.25)


def test_a_baseline_run_that_did_not_pass_a_measurement_that_only_warns_still_teaches() -> None:
    runs = [
        run(i, gate("documents", measured("markup", 0.015 + 0.01 * (i == 4), 0.02, severity="warning")))
        for i in range(30)
    ]
    assert any(m.verdict is Verdict.FAILED for m in runs[4].gates[0].measurements)
    found = row(propose(runs), "quality.max_markup_share")
    assert (found.advice, found.proposed, found.n_accepted_beyond) == ("too_near", 0.03, 1)
