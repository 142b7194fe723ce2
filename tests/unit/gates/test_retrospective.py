"""Other limits over past runs: who would have been blocked, who would have passed, and what the record cannot tell."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.gates.judged_run import JudgedRun
from kbgate.gates.retrospective import Fate, ReplayedRun, Retrospective, count_beyond, replay_thresholds
from kbgate.results import Measurement, Verdict
from past_gates import documents_run, gate, measured, run

GATES = ("documents", "recall")
EMPTY, PSI, FLOOR = "quality.max_empty_text_share", "quality.max_token_psi", "recall.min_recall"


def replay(runs: list[JudgedRun], **proposed: float) -> Retrospective:
    return replay_thresholds(runs, {name.replace("__", "."): value for name, value in proposed.items()}, GATES)


def fate(judged: JudgedRun, setting: str, value: float) -> Fate:
    return only(judged, setting, value).fate


def only(judged: JudgedRun, setting: str, value: float) -> ReplayedRun:
    return replay_thresholds([judged], {setting: value}, GATES).runs[0]


def recall(value: float | None, name: str = "recall_at_k", **fields: Any) -> Measurement:
    return measured(name, value, 0.85, direction="min", **fields)


def full_run(number: int, empty: float, found: float = 0.9) -> JudgedRun:
    return run(number, gate("documents", measured("empty_text", empty, 0.02)), gate("recall", recall(found)))


def test_a_stricter_limit_blocks_an_accepted_run_and_names_what_did_it() -> None:
    replayed = only(full_run(1, 0.01), EMPTY, 0.005)
    assert (replayed.fate, replayed.differs) == ("blocked", True)
    found = replayed.measurements[0]
    assert (found.gate, found.measurement, found.setting) == ("documents", "empty_text", EMPTY)
    assert (found.value, found.old_limit, found.new_limit_low, found.new_limit_high) == (0.01, 0.02, 0.005, 0.005)
    assert (found.passed_then, found.passes_now) == (True, False)


def test_a_floor_blocks_in_the_other_direction() -> None:
    assert fate(full_run(1, 0.0, 0.9), FLOOR, 0.92) == "blocked"
    assert fate(full_run(1, 0.0, 0.9), FLOOR, 0.5) == "passes"


def test_a_looser_limit_lets_a_blocked_run_pass_if_nothing_else_held_it() -> None:
    assert fate(full_run(1, 0.03), EMPTY, 0.05) == "passes"
    assert fate(full_run(1, 0.03), EMPTY, 0.025) == "blocked"
    also = only(full_run(1, 0.03, found=0.7), EMPTY, 0.05)
    assert (also.fate, also.other_reasons) == ("blocked", ("recall: recall_at_k",))
    both = replay([full_run(1, 0.03, found=0.7)], quality__max_empty_text_share=0.05, recall__min_recall=0.6)
    assert both.runs[0].fate == "passes"


def test_a_run_that_later_gates_never_measured_goes_on_to_them() -> None:
    replayed = only(documents_run(1, empty_text=0.03), EMPTY, 0.05)
    assert (replayed.fate, replayed.unmeasured_gates) == ("goes_on", ("recall",))
    # An accepted run of an older kbgate lacks gates too; it was accepted all the same.
    assert only(documents_run(1, empty_text=0.01), EMPTY, 0.05).fate == "passes"


def test_what_was_not_measured_stays_as_it_was() -> None:
    nothing = run(1, gate("documents", measured("empty_text", None, 0.02)), gate("recall", recall(0.9)))
    replayed = only(nothing, EMPTY, 1.0)
    assert (replayed.fate, replayed.other_reasons) == ("blocked", ("documents: empty_text",))
    found = replay([nothing], quality__max_empty_text_share=1.0)
    assert found.never_measured == (EMPTY,)


def test_too_few_questions_stay_too_few_under_any_floor() -> None:
    few = recall(0.5, "recall_at_k[billing]", verdict=Verdict.INCONCLUSIVE, n=5)
    judged = run(1, gate("documents", measured("empty_text", 0.0, 0.02)), gate("recall", recall(0.9), few))
    assert judged.held
    assert fate(judged, FLOOR, 0.1) == "blocked"
    enough_now = recall(0.9, "recall_at_k[billing]", verdict=Verdict.INCONCLUSIVE, n=5)
    assert (
        fate(run(1, gate("recall", enough_now), gate("documents", measured("empty_text", 0.0, 0.02))), FLOOR, 0.1)
        == "blocked"
    )


def test_an_inconclusive_share_that_its_limit_made_so_follows_the_limit() -> None:
    stale = measured("stale_share", 0.08, 0.05, verdict=Verdict.INCONCLUSIVE)
    judged = run(1, gate("documents", measured("empty_text", 0.0, 0.02)), gate("recall", recall(0.9), stale))
    assert fate(judged, "recall.max_stale_share", 0.1) == "passes"
    assert fate(judged, "recall.max_stale_share", 0.06) == "blocked"


def test_warnings_and_gates_that_only_warn_block_nothing() -> None:
    markup = measured("markup", 0.01, 0.02, severity="warning")
    warned = run(1, gate("documents", measured("empty_text", 0.0, 0.02), markup), gate("recall", recall(0.9)))
    replayed = only(warned, "quality.max_markup_share", 0.001)
    assert (replayed.fate, replayed.measurements[0].blocks, replayed.measurements[0].passes_now) == (
        "passes",
        False,
        False,
    )
    lenient = run(1, gate("documents", measured("empty_text", 0.01, 0.02), mode="warn"), gate("recall", recall(0.9)))
    assert fate(lenient, EMPTY, 0.001) == "passes"


def test_what_the_record_does_not_hold_is_unknown_and_says_why() -> None:
    judged = run(1, gate("documents", measured("token_psi", 0.35, 0.4)), gate("recall", recall(0.9)))
    found = replay([judged], quality__max_token_psi=0.3)
    assert found.runs[0].fate == "unknown"
    assert (found.inexact[0].measurement, found.inexact[0].n_runs, found.inexact[0].n_unknown) == ("token_psi", 1, 1)
    assert "chance" in found.inexact[0].why
    sure = replay([run(1, *_psi(0.2))], quality__max_token_psi=0.3)
    assert (sure.runs[0].fate, sure.inexact[0].n_unknown) == ("passes", 0)
    own_suite = run(1, gate("documents", measured("empty_text", 0.005, 0.01)), gate("recall", recall(0.9)))
    assert "suite of your own" in replay([own_suite], quality__max_empty_text_share=0.004).inexact[0].why


def _psi(value: float) -> tuple[Any, ...]:
    return gate("documents", measured("token_psi", value, 0.4)), gate("recall", recall(0.9))


def test_a_setting_inside_a_test_is_never_replayed_as_if_it_were_a_limit() -> None:
    p = measured("worse_than_live_p[x]", 0.3, 0.05, direction="min")
    judged = run(1, gate("documents", measured("empty_text", 0.0, 0.02)), gate("recall", recall(0.9), p))
    assert fate(judged, "recall.margin", 0.01) == "unknown"
    assert fate(judged, "recall.margin", 0.2) == "passes"
    assert fate(judged, "recall.margin", 0.05) == "passes"


def test_the_settings_in_force_change_nothing() -> None:
    runs = [full_run(1, 0.01), full_run(2, 0.03), full_run(3, 0.0, 0.7), run(4, *_psi(0.35))]
    found = replay(runs, quality__max_empty_text_share=0.02, recall__min_recall=0.85, quality__max_token_psi=0.4)
    assert not any(replayed.differs or replayed.measurements for replayed in found.runs)
    assert found.inexact == ()


def test_runs_are_counted_by_what_they_were_and_would_be() -> None:
    runs = [full_run(1, 0.01), full_run(2, 0.001), full_run(3, 0.015)]
    found = replay(runs, quality__max_empty_text_share=0.008)
    assert found.count(accepted=True, fate="blocked") == 2
    assert found.count(accepted=True, fate="passes") == 1
    assert found.count(accepted=False, fate="passes") == 0


def test_a_first_ingest_is_not_held_by_gates_that_had_nothing_to_compare() -> None:
    drift = gate("drift", measured("live_chunks", None, 0.1), needs_reference=True)
    first = run(
        1, drift, gate("documents", measured("empty_text", 0.03, 0.02)), gate("recall", recall(0.9)), live_before=None
    )
    assert fate(first, EMPTY, 0.05) == "passes"
    assert fate(run(1, *first.gates), EMPTY, 0.05) == "blocked"


shares = st.floats(0, 1)


@given(st.lists(st.tuples(shares, shares, st.floats(0, 0.8)), max_size=8), shares, shares)
def test_a_looser_limit_never_blocks_more(rows: list[tuple[float, float, float]], one: float, other: float) -> None:
    runs = [
        run(
            i,
            gate("documents", measured("empty_text", empty, 0.02), measured("token_psi", psi, 0.4)),
            gate("recall", recall(found)),
        )
        for i, (empty, found, psi) in enumerate(rows)
    ]
    strict, loose = sorted((one, other))
    for setting in (EMPTY, PSI):
        before, after = (replay_thresholds(runs, {setting: value}, GATES) for value in (strict, loose))
        for one_run, again in zip(before.runs, after.runs, strict=True):
            assert not (one_run.fate == "passes" and again.fate == "blocked")
        assert count_beyond(setting, loose, runs) <= count_beyond(setting, strict, runs)


@given(st.permutations(range(5)), shares)
def test_each_run_is_judged_for_itself(order: list[int], limit: float) -> None:
    runs = [full_run(i, i / 60) for i in range(5)]
    fates = {r.run.run_key: r.fate for r in replay(runs, quality__max_empty_text_share=limit).runs}
    again = replay([runs[i] for i in order], quality__max_empty_text_share=limit)
    assert {r.run.run_key: r.fate for r in again.runs} == fates
    assert [r.run.run_key for r in again.runs] == [runs[i].run_key for i in order]


@pytest.mark.parametrize(("limit", "beyond"), [(0.02, 1), (0.005, 2), (0.5, 0)])
def test_runs_beyond_a_limit_are_counted_whether_they_were_held_or_not(limit: float, beyond: int) -> None:
    assert count_beyond(EMPTY, limit, [full_run(1, 0.01), full_run(2, 0.3), full_run(3, 0.0)]) == beyond
