"""What the record of one measurement tells of its limit under another setting, and what it does not tell."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kbgate.gates.effective_limit import LimitRange, limit_under, needed_setting
from kbgate.gates.limit_settings import LIMITS, LimitSetting, limit_setting
from kbgate.results import Measurement
from past_gates import measured


def entry_of(gate: str, name: str) -> LimitSetting:
    entry = limit_setting(gate, name)
    assert entry is not None
    return entry


EMPTY, PSI, OUTDATED = (entry_of("documents", name) for name in ("empty_text", "token_psi", "outdated_share"))
PAIRED, LOW = entry_of("drift", "paired_similarity_median"), entry_of("drift", "low_similarity_share")
COVERAGE, MARGIN = entry_of("coverage", "coverage[x]"), entry_of("recall", "candidate_minus_live_lower_bound")
WORSE, FLOOR = entry_of("recall", "worse_than_live_p[x]"), entry_of("recall", "recall_at_k")


def exact(limit: float) -> LimitRange:
    return LimitRange(pytest.approx(limit), pytest.approx(limit))  # type: ignore[arg-type]


def test_a_limit_as_set_is_the_new_setting() -> None:
    assert limit_under(EMPTY, measured("empty_text", 0.01, 0.02), 0.02, 0.005) == exact(0.005)
    assert limit_under(FLOOR, measured("recall_at_k", 0.9, 0.85, direction="min"), 0.85, 0.95) == exact(0.95)


def test_a_margin_is_the_limit_below_zero() -> None:
    m = measured(MARGIN.measurement, -0.03, -0.05, direction="min")
    assert limit_under(MARGIN, m, 0.05, 0.02) == exact(-0.02)
    assert limit_under(MARGIN, m, 0.05, 0.02).passes(m) is False
    assert needed_setting(MARGIN, m, 0.05) == pytest.approx(0.03)


def test_a_floor_between_unrelated_documents_and_no_change_is_moved_on_its_scale() -> None:
    unrelated = 0.4
    m = measured("paired_similarity_median", 0.85, unrelated + 0.65 * 0.6, direction="min")
    assert limit_under(PAIRED, m, 0.65, 0.8) == exact(unrelated + 0.8 * 0.6)
    assert needed_setting(PAIRED, m, 0.65) == pytest.approx((0.85 - unrelated) / 0.6)
    at_one = measured("paired_similarity_median", 1.0, 1.0, direction="min")
    assert limit_under(PAIRED, at_one, 1.0, 0.8) == LimitRange(-math.inf, 1.0)
    assert needed_setting(PAIRED, at_one, 1.0) is None


def test_one_row_may_always_be_set_aside_unless_the_setting_is_zero() -> None:
    empty_text = limit_setting("documents", "empty_text")
    assert empty_text is not None
    m = measured("empty_text", 1 / 20, 1 / 20, n=20)
    assert limit_under(empty_text, m, 0.02, 0.01) == exact(1 / 20)
    assert limit_under(empty_text, m, 0.02, 0.3) == exact(0.3)
    assert limit_under(empty_text, m, 0.02, 0.0) == exact(0.0)
    assert needed_setting(empty_text, m, 0.02) == 1 / 20


def test_two_documents_may_always_be_outdated() -> None:
    m = measured("outdated_share", 2 / 20, 2 / 20, n=20)
    assert limit_under(OUTDATED, m, 0.05, 0.01) == exact(0.1)
    assert limit_under(OUTDATED, m, 0.05, 0.3) == exact(0.3)
    assert needed_setting(OUTDATED, m, 0.05) == 0
    assert needed_setting(OUTDATED, measured("outdated_share", 0.15, 0.2, n=20), 0.2) == 0.15


def test_one_document_of_an_intent_may_always_be_missing() -> None:
    m = measured("coverage[x]", 0.8, 0.8, n=5, direction="min")
    assert limit_under(COVERAGE, m, 0.9, 0.95) == exact(0.8)
    assert limit_under(COVERAGE, m, 0.9, 0.5) == exact(0.5)
    assert needed_setting(COVERAGE, m, 0.9) == 1
    only = measured("coverage[x]", 0.0, 0.9, n=1, direction="min")
    assert limit_under(COVERAGE, only, 0.9, 0.95) == exact(0.95), "the only one may not"


def test_chance_above_the_setting_is_on_record_and_below_it_is_not() -> None:
    above = measured("token_psi", 0.45, 0.477)
    assert limit_under(PSI, above, 0.4, 0.3) == exact(0.477)
    assert limit_under(PSI, above, 0.4, 0.5) == exact(0.5)
    assert needed_setting(PSI, above, 0.4) == 0
    below = measured("token_psi", 0.35, 0.4)
    assert limit_under(PSI, below, 0.4, 0.3) == LimitRange(0.3, 0.4)
    assert limit_under(PSI, below, 0.4, 0.3).passes(below) is None
    assert limit_under(PSI, measured("token_psi", 0.2, 0.4), 0.4, 0.3).passes(measured("token_psi", 0.2, 0.4)) is True
    assert limit_under(PSI, below, 0.4, 0.5) == exact(0.5)
    assert needed_setting(PSI, below, 0.4) == 0.35


def test_chance_that_was_worked_out_again_makes_the_limit_exact() -> None:
    m = measured("token_psi", 0.35, 0.4)
    assert limit_under(PSI, m, 0.4, 0.3, chance=0.1) == exact(0.3)
    assert limit_under(PSI, m, 0.4, 0.3, chance=0.36) == exact(0.36)
    assert needed_setting(PSI, m, 0.4, chance=0.36) == 0
    # A recorded limit that contradicts it is not trusted.
    assert limit_under(PSI, m, 0.4, 0.3, chance=0.9) == LimitRange(-math.inf, 0.4)


def test_a_calibrated_limit_is_told_from_one_side_only() -> None:
    m = measured("low_similarity_share", 0.2, 0.12)
    assert limit_under(LOW, m, 0.3, 0.25).passes(m) is True
    assert limit_under(LOW, m, 0.3, 0.15).passes(m) is None
    assert needed_setting(LOW, m, 0.3) is None


@pytest.mark.parametrize(("value", "looser", "stricter"), [(0.4, True, None), (0.01, None, False)])
def test_a_test_is_only_bracketed_by_its_verdict(value: float, looser: bool | None, stricter: bool | None) -> None:
    m = measured("worse_than_live_p[x]", value, 0.05, direction="min")
    assert limit_under(WORSE, m, 0.05, 0.1).passes(m) is looser
    assert limit_under(WORSE, m, 0.05, 0.01).passes(m) is stricter
    assert needed_setting(WORSE, m, 0.05) is None


def test_a_limit_of_a_suite_of_ones_own_is_only_bracketed_by_its_verdict() -> None:
    m = measured("empty_text", 0.01, 0.015)
    assert limit_under(EMPTY, m, 0.02, 0.03).passes(m) is True
    assert limit_under(EMPTY, m, 0.02, 0.019).passes(m) is None
    assert needed_setting(EMPTY, m, 0.02) is None


def test_without_the_old_setting_or_a_value_nothing_is_told() -> None:
    m = measured("empty_text", 0.01, 0.02)
    assert limit_under(EMPTY, m, None, 0.03).passes(m) is None
    assert needed_setting(EMPTY, m, None) is None
    nothing = measured("empty_text", None, 0.02)
    assert limit_under(EMPTY, nothing, 0.02, 0.03).passes(nothing) is None


def test_a_share_equal_to_its_limit_passes_like_in_the_gates() -> None:
    m = measured("empty_text", 0.1 + 0.2, 0.4)
    assert limit_under(EMPTY, m, 0.4, 0.3).passes(m) is True


entries = st.sampled_from([entry for entry in LIMITS if entry.rule != "between"])
settings = st.floats(0.01, 0.99)


@given(entries, st.floats(0, 1), settings, settings, st.integers(1, 1000))
def test_a_looser_setting_never_blocks_what_passes_and_the_old_one_repeats_the_verdict(
    entry: LimitSetting, value: float, old: float, new: float, n: int
) -> None:
    m = _recorded(entry, value, old, n)
    again = limit_under(entry, m, old, old).passes(m)
    assert again is (LimitRange(m.threshold or 0, m.threshold or 0).passes(m))
    assume(entry.rule != "calibrated")
    now = limit_under(entry, m, old, new).passes(m)
    looser = (new >= old) == entry.looser_is_larger
    assert now is not False if again and looser else True
    assert now is not True if again is False and not looser else True


@given(entries, st.floats(0, 1), settings, st.lists(settings, min_size=2, max_size=2), st.integers(1, 1000))
def test_of_two_settings_the_looser_one_never_blocks_more(
    entry: LimitSetting, value: float, old: float, pair: list[float], n: int
) -> None:
    m = _recorded(entry, value, old, n)
    strict, loose = sorted(pair, reverse=not entry.looser_is_larger)
    order = {False: 0, None: 1, True: 2}
    passes = [order[limit_under(entry, m, old, new).passes(m)] for new in (strict, loose)]
    # An old setting repeats the verdict on record, which says more than a bracket.
    if old not in pair:
        assert passes[0] <= passes[1]


@given(entries, st.floats(0, 1), settings, st.integers(1, 1000))
def test_the_needed_setting_passes_and_a_clearly_stricter_one_never_surely_does(
    entry: LimitSetting, value: float, old: float, n: int
) -> None:
    m = _recorded(entry, value, old, n)
    needed = needed_setting(entry, m, old)
    if needed is None:
        return
    assert limit_under(entry, m, old, needed).passes(m) is True
    stricter = needed - 0.01 if entry.looser_is_larger else needed + 0.01
    if 0 < stricter < 1 and not math.isclose(stricter, old):
        assert limit_under(entry, m, old, stricter).passes(m) is not True


def _recorded(entry: LimitSetting, value: float, old: float, n: int) -> Measurement:
    """The measurement as its gate would have written it under the setting `old`."""
    limits = {
        "negated": -old,
        "or_two_documents": max(old, min(2 / n, 1.0)),
        "or_one_document": min(old, 1 - 1 / n),
        "tested": 0.05,
    }
    is_min = not entry.looser_is_larger or entry.rule in ("negated", "tested")
    value = -value if entry.rule == "negated" else value
    return measured("x", value, limits.get(entry.rule, old), direction="min" if is_min else "max", n=n)
