from itertools import product

import pytest
from pydantic import ValidationError

from kbgate.results import GateResult, Measurement, Verdict, judge

PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE


def measured(verdict: Verdict, severity: str = "critical") -> Measurement:
    return Measurement(name=f"{severity}_{verdict}", value=1.0, verdict=verdict, severity=severity)


@pytest.mark.parametrize(("first", "second"), list(product(Verdict, Verdict)))
def test_failed_wins_over_inconclusive_which_wins_over_passed(first: Verdict, second: Verdict) -> None:
    order = [FAILED, INCONCLUSIVE, PASSED]
    wanted = order[min(order.index(first), order.index(second))]
    assert judge((measured(first), measured(second))) is wanted


def test_nothing_measured_never_passes() -> None:
    assert judge(()) is INCONCLUSIVE


def test_warnings_alone_neither_fail_nor_pass() -> None:
    assert judge((measured(FAILED, "warning"),)) is INCONCLUSIVE
    assert judge((measured(FAILED, "warning"), measured(PASSED))) is PASSED


@pytest.mark.parametrize(
    ("mode", "verdict", "blocks"),
    [
        ("block", PASSED, False),
        ("block", FAILED, True),
        ("block", INCONCLUSIVE, True),
        ("warn", FAILED, False),
        ("off", FAILED, False),
    ],
)
def test_only_a_blocking_gate_that_did_not_pass_blocks(mode: str, verdict: Verdict, blocks: bool) -> None:
    assert GateResult(name="x", mode=mode, verdict=verdict, message="").blocks is blocks


def test_failed_measurements_are_the_critical_ones_that_did_not_pass_in_order() -> None:
    first, second = measured(INCONCLUSIVE), measured(FAILED)
    found = (first, measured(FAILED, "warning"), measured(PASSED), second)
    assert GateResult(name="x", verdict=FAILED, measurements=found, message="").failed_measurements == (first, second)


def test_a_gate_result_survives_its_file() -> None:
    gate = GateResult(name="x", verdict=FAILED, measurements=(measured(FAILED),), message="已失敗", details={"a": [1]})
    assert GateResult.model_validate_json(gate.model_dump_json()) == gate


def test_an_unknown_field_in_a_gate_file_is_refused() -> None:
    with pytest.raises(ValidationError, match="verdct"):
        GateResult.model_validate({"name": "x", "verdict": "passed", "message": "", "verdct": "failed"})
