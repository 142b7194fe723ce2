import pytest

from kbgate.commands.exit_codes import ExitCode, exit_code
from kbgate.results import GateResult, Mode, Verdict


def gate(verdict: Verdict, mode: Mode = "block") -> GateResult:
    return GateResult(name="documents", mode=mode, verdict=verdict, message="")


PASSED = gate(Verdict.PASSED)
FAILED = gate(Verdict.FAILED)
INCONCLUSIVE = gate(Verdict.INCONCLUSIVE)


def test_the_numbers_that_scripts_rely_on() -> None:
    assert {code.name.lower(): int(code) for code in ExitCode} == {
        "passed": 0,
        "failed": 1,
        "inconclusive": 2,
        "usage": 3,
        "infrastructure": 4,
    }


@pytest.mark.parametrize("gates", [[], [PASSED], [INCONCLUSIVE], [gate(Verdict.FAILED, "warn")]])
def test_what_holds_nothing_is_0(gates: list[GateResult]) -> None:
    assert exit_code(gates, False) == ExitCode.PASSED


@pytest.mark.parametrize("gates", [[FAILED], [PASSED, INCONCLUSIVE, FAILED], [gate(Verdict.FAILED, "warn"), FAILED]])
def test_a_blocking_gate_that_failed_is_1_whatever_the_others_say(gates: list[GateResult]) -> None:
    assert exit_code(gates, True) == ExitCode.FAILED


@pytest.mark.parametrize("gates", [[], [PASSED, INCONCLUSIVE], [gate(Verdict.FAILED, "warn"), INCONCLUSIVE]])
def test_what_is_held_without_such_a_gate_is_2(gates: list[GateResult]) -> None:
    assert exit_code(gates, True) == ExitCode.INCONCLUSIVE
